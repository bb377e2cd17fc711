-- What the tests of the server ask for, beside the rows of schema api.

drop schema if exists served, hidden cascade;
create schema served;
create schema hidden;
comment on schema served is E'Served API\n\nFor tests.\nOf the server.';
grant usage on schema served to anon, authenticated, service_role;

create table served.items (
  id int primary key,
  name text not null default 'none',
  size numeric,
  tags text[],
  data jsonb
);
comment on table served.items is E'Things\n\nThat can be counted.';
comment on column served.items.name is 'What it is called';
insert into served.items select n, 'item ' || n, n * 1.5 from generate_series(1, 15) as n;

create table served.parts (
  id int primary key,
  item_id int references served.items (id) deferrable initially deferred,
  code varchar(5)
);
create table served.closed (id int primary key);
create view served.item_names as select id, name from served.items;

grant all on served.items, served.parts, served.item_names to anon, authenticated;
grant all on served.closed to authenticated;

-- Everything that a request leaves in its transaction's settings.
create function served.seen() returns json language sql stable as $$
  select json_build_object(
    'role', current_user,
    'claims', current_setting('request.jwt.claims', true)::json,
    'method', current_setting('request.method', true),
    'path', current_setting('request.path', true),
    'headers', current_setting('request.headers', true)::json,
    'cookies', nullif(current_setting('request.cookies', true), '')::json,
    'search_path', current_setting('search_path'),
    'timezone', current_setting('timezone'),
    'timeout', current_setting('statement_timeout'),
    'datestyle', current_setting('datestyle'),
    'isolation', current_setting('transaction_isolation'),
    'read_only', current_setting('transaction_read_only')
  )
$$;

create function served.serializable() returns text language sql
set default_transaction_isolation = 'serializable' as $$
  select current_setting('transaction_isolation')
$$;

create function served.slow() returns text language sql
set statement_timeout = '50ms' as $$ select pg_sleep(5)::text $$;

create function served.slow_enough() returns text language sql as $$ select pg_sleep(2)::text $$;

create function served.slow_read() returns text language sql stable as $$
  select pg_sleep(2)::text
$$;

create function served.answer(status text, headers text) returns void language plpgsql as $$
begin
  perform set_config('response.status', status, true);
  perform set_config('response.headers', headers, true);
end
$$;

create function served.nothing() returns void language sql as $$ select $$;
create function served.hello(name text default 'you') returns text language sql stable as $$
  select 'hello ' || name
$$;
create function served.item_range(low int, high int) returns setof served.items
language sql stable as $$ select * from served.items where id > low and id <= high $$;
create function served.take_id() returns int language sql volatile as $$
  delete from served.items where id = 15 returning id
$$;
create function served.repeat_words(variadic words text[]) returns text language sql immutable as $$
  select array_to_string(words, ' ')
$$;
create function served.measure(bytea) returns int language sql immutable as $$ select length($1) $$;
create function served.label_of(served.items) returns text language sql stable as $$
  select $1.name || '!'
$$;
create function served.privileged() returns int language sql as $$ select 1 $$;
revoke execute on function served.privileged from public;

create function served.raise_pgrst(message text, detail text) returns void language plpgsql as $$
begin
  raise sqlstate 'PGRST' using message = message, detail = detail;
end
$$;

create domain served."text/html" as text;
create function served.page() returns served."text/html" language sql stable as $$
  select '<p>hello</p>'::served."text/html"
$$;

create domain served."text/plain" as text;
create function served.add_name(so_far served."text/plain", item served.items)
returns served."text/plain" language sql immutable as $$
  select (coalesce(so_far, '') || item.name || ';')::served."text/plain"
$$;
create aggregate served.names(served.items) (sfunc = served.add_name, stype = served."text/plain");

create domain served."*/*" as bytea;
create table served.numbers (id int primary key);
insert into served.numbers values (1), (2);
grant select on served.numbers to anon;
create function served.add_number(so_far served."*/*", number served.numbers)
returns served."*/*" language plpgsql as $$
begin
  perform set_config('response.headers', '[{"Content-Type": "magic/number"}]', true);
  return coalesce(so_far, '') || convert_to(number.id::text, 'utf8');
end
$$;
create aggregate served.digits(served.numbers) (sfunc = served.add_number, stype = served."*/*");

grant execute on all functions in schema served to anon, authenticated;
revoke execute on function served.privileged from anon, authenticated;

do $$
begin
  if not exists (select from pg_roles where rolname = 'served_slowly') then
    create role served_slowly nologin;
  end if;
end
$$;
alter role served_slowly set statement_timeout = '1234ms';
alter role served_slowly set default_transaction_isolation = 'repeatable read';
alter role served_slowly set datestyle = 'German';
grant usage on schema served to served_slowly;
grant execute on function served.seen to served_slowly;
