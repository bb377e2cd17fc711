-- Database webhooks of the devstack: every change of a row in schema `api` is written to an
-- outbox, and NOTIFY carries only its key (a NOTIFY payload ends at 8,000 bytes; rows do not).
-- The outbox is filled only while somebody has switched it on, so that it cannot grow unread.

create schema if not exists canvalo_webhooks;

create table if not exists canvalo_webhooks.switch (
  only_row boolean primary key default true check (only_row),
  is_on boolean not null default false
);
insert into canvalo_webhooks.switch default values on conflict do nothing;

create unlogged table if not exists canvalo_webhooks.outbox (
  id bigint generated always as identity primary key,
  body jsonb not null
);

grant usage on schema canvalo_webhooks to authenticator;
grant select, update on canvalo_webhooks.switch to authenticator;
grant select, delete on canvalo_webhooks.outbox to authenticator;

create or replace function canvalo_webhooks.announce() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  new_row jsonb := case when tg_op <> 'DELETE' then to_jsonb(new) end;
  old_row jsonb := case when tg_op <> 'INSERT' then to_jsonb(old) end;
  entry bigint;
begin
  if not (select is_on from canvalo_webhooks.switch) then
    return null;
  end if;
  insert into canvalo_webhooks.outbox (body) values (jsonb_build_object(
    'type', tg_op, 'table', tg_table_name, 'schema', tg_table_schema,
    'record', new_row, 'old_record', old_row
  )) returning id into entry;
  perform pg_notify('canvalo_webhooks', jsonb_build_object(
    'outbox', entry, 'schema', tg_table_schema, 'table', tg_table_name, 'type', tg_op,
    'key', (
      select jsonb_object_agg(key, coalesce(new_row, old_row) -> key)
      from unnest(tg_argv) as key
    ),
    'changed', (
      select jsonb_agg(pair.key order by pair.key)
      from jsonb_each(new_row) as pair
      where old_row is not null and pair.value is distinct from old_row -> pair.key
    )
  )::text);
  return null;
end
$$;

do $$
declare
  watched record;
begin
  for watched in
    select c.oid::regclass as name, string_agg(quote_literal(a.attname), ', ') as key
    from pg_class c
    join pg_index i on i.indrelid = c.oid and i.indisprimary
    join pg_attribute a on a.attrelid = c.oid and a.attnum = any (i.indkey)
    where c.relkind = 'r' and c.relnamespace = to_regnamespace('api')
      and not exists (
        select from pg_trigger t where t.tgrelid = c.oid and t.tgname = 'canvalo_webhooks'
      )
    group by c.oid
  loop
    execute format(
      'create trigger canvalo_webhooks after insert or update or delete on %s '
      'for each row execute function canvalo_webhooks.announce(%s)',
      watched.name, watched.key
    );
  end loop;
end
$$;
