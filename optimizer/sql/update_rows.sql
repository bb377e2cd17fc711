-- Gives many rows of a table values of their own in one call, with the caller's own rights: it runs
-- as the caller, so grants, policies and triggers hold as they do for a PATCH. Rows are only ever
-- updated, never inserted. Installed by `supabase db push` or `manage.py install_sql`, removed by
-- `manage.py uninstall_sql`.

create or replace function @schema@.canvalo_update_rows(
  schema_name text,
  table_name text,
  key_column text,
  value_columns text[],
  changes json,                      -- [{"<key>": …, "<column>": …}, …]
  owner_column text default null,    -- where given, only rows of this owner are changed
  owner text default null
) returns json                       -- the changed rows, as they are now
language plpgsql volatile security invoker as $function$
declare
  target regclass := pg_catalog.format('%I.%I', schema_name, table_name)::regclass;
  wanted text[] := value_columns || key_column;
  missing text;
  typed text;
  assigned text;
  owned text := '';
  changed json;
begin
  select name into missing from pg_catalog.unnest(wanted || owner_column) name
  where name is not null and not exists (
    select from pg_catalog.pg_attribute
    where attrelid = target and attname = name and attnum > 0 and not attisdropped
  ) limit 1;
  if missing is not null then
    raise undefined_column
      using message = pg_catalog.format('column "%s" of relation "%s" does not exist', missing, table_name);
  end if;

  select
    pg_catalog.string_agg(pg_catalog.format('%I %s', attname, pg_catalog.format_type(atttypid, atttypmod)), ', '),
    pg_catalog.string_agg(pg_catalog.format('%1$I = new_row.%1$I', attname), ', ')
      filter (where attname <> key_column)
  into typed, assigned
  from pg_catalog.pg_attribute
  where attrelid = target and attname = any (wanted) and attnum > 0 and not attisdropped;

  if owner_column is not null then
    select pg_catalog.format('and old_row.%I = %L::%s', attname, owner, pg_catalog.format_type(atttypid, atttypmod))
    into owned from pg_catalog.pg_attribute where attrelid = target and attname = owner_column;
  end if;

  execute pg_catalog.format(
    'with changed as ('
    '  update %s as old_row set %s from pg_catalog.json_to_recordset($1) as new_row (%s)'
    '  where old_row.%I = new_row.%I %s returning old_row.*'
    ') select coalesce(pg_catalog.json_agg(changed), ''[]'') from changed',
    target, assigned, typed, key_column, key_column, owned
  ) into changed using changes;
  return changed;
end
$function$;

revoke all on function @schema@.canvalo_update_rows from public;
grant execute on function @schema@.canvalo_update_rows to anon, authenticated, service_role;
notify pgrst, 'reload schema';
