-- A schema with what the seeded tables lack: ranges, enums, arrays, a tree, a junction, functions.
-- Every request of the battery is compared with what PostgreSQL answers to hand-written SQL here.

drop table if exists public.things_labels, public.parts, public.things, public.labels cascade;
drop type if exists public.mood cascade;

create type public.mood as enum ('sad', 'ok', 'happy');

create table public.labels (id int primary key, name text not null unique);

create table public.things (
  id int primary key,
  parent_id int constraint things_parent references public.things (id),
  name text,
  mood public.mood,
  tags text[] not null default '{}',
  numbers int[],
  span int4range,
  during tstzrange,
  doc jsonb,
  body text,
  words tsvector generated always as (to_tsvector('english', coalesce(body, ''))) stored,
  big bigint,
  price numeric(12, 4),
  ratio double precision,
  ok boolean,
  day date,
  at timestamptz,
  uid uuid,
  "odd name" text default 'odd'
);

create table public.parts (
  id int primary key,
  thing_id int not null constraint parts_thing references public.things (id) on delete cascade,
  spare_for int constraint parts_spare references public.things (id),
  name text not null,
  weight int
);

create table public.things_labels (
  thing_id int references public.things (id) on delete cascade,
  label_id int references public.labels (id),
  primary key (thing_id, label_id)
);

create or replace view public.happy_things as select id, name, parent_id from public.things where mood = 'happy';
create or replace function public.add(a int, b int default 10) returns int
  language sql immutable as $$ select a + b $$;
create or replace function public.hello() returns text language sql stable as $$ select 'hello' $$;
create or replace function public.nothing() returns void language sql as $$ select $$;
create or replace function public.things_like(pattern text) returns setof public.things
  language sql stable as $$ select * from public.things where name like pattern $$;
create or replace function public.one_thing(thing int) returns public.things
  language sql stable as $$ select * from public.things where id = thing $$;
create or replace function public.pairs() returns table (x int, y text)
  language sql stable as $$ values (1, 'one'), (2, 'two'), (3, 'three') $$;
create or replace function public.numbers(n int) returns setof int
  language sql stable as $$ select generate_series(1, n) $$;
create or replace function public.joined(variadic words text[]) returns text
  language sql immutable as $$ select array_to_string(words, '-') $$;
create or replace function public.echo_json(doc json) returns json
  language sql immutable as $$ select doc $$;
create or replace function public.who_am_i() returns text language sql stable as $$
  select current_user || ' ' || coalesce(auth.uid()::text, 'nobody') $$;
create or replace function public.parts_of(public.things) returns setof public.parts rows 10
  language sql stable as $$ select * from public.parts where thing_id = $1.id order by id $$;

grant all on all tables in schema public to anon, authenticated, service_role;
grant execute on all functions in schema public to anon, authenticated, service_role;
