"""The questions to PostgreSQL's own catalog; each works on versions 13 to 18."""

TABLES = """
select n.nspname as schema, c.relname as name, c.oid::int8 as oid,
  c.relkind in ('v', 'm') as is_view,
  c.relkind in ('r', 'p') or (c.relkind in ('v', 'f')
    and (pg_catalog.pg_relation_is_updatable(c.oid, true) & 8) = 8) as insertable,
  c.relkind in ('r', 'p') or (c.relkind in ('v', 'f')
    and (pg_catalog.pg_relation_is_updatable(c.oid, true) & 4) = 4) as updatable,
  c.relkind in ('r', 'p') or (c.relkind in ('v', 'f')
    and (pg_catalog.pg_relation_is_updatable(c.oid, true) & 16) = 16) as deletable,
  pg_catalog.obj_description(c.oid, 'pg_class') as description
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('v', 'r', 'm', 'f', 'p')
  and n.nspname not in ('pg_catalog', 'information_schema')
  and n.nspname not like 'pg\\_toast%'
  and not c.relispartition
order by n.nspname, c.relname
"""

COLUMNS = """
select a.attrelid::int8 as oid, a.attname as name, a.attnum::int as number,
  not (a.attnotnull or (t.typtype = 'd' and t.typnotnull)) as nullable,
  pg_catalog.format_type(a.atttypid, a.atttypmod) as type,
  case when t.typtype = 'd' then pg_catalog.format_type(t.typbasetype, t.typtypmod)
    else pg_catalog.format_type(a.atttypid, null) end as base_type,
  case
    when a.attidentity = 'a' then null
    when a.attidentity = 'd' then (
      select format('nextval(%L)', format('%I.%I', sn.nspname, s.relname))
      from pg_catalog.pg_depend p
      join pg_catalog.pg_class s on s.oid = p.objid and s.relkind = 'S'
      join pg_catalog.pg_namespace sn on sn.oid = s.relnamespace
      where p.classid = 'pg_class'::regclass and p.refclassid = 'pg_class'::regclass
        and p.refobjid = a.attrelid and p.refobjsubid = a.attnum and p.deptype = 'i')
    when a.attgenerated <> '' then null
    else coalesce(pg_catalog.pg_get_expr(d.adbin, d.adrelid), t.typdefault)
  end as default,
  information_schema._pg_char_max_length(
    information_schema._pg_truetypid(a, t), information_schema._pg_truetypmod(a, t)
  )::int as max_length,
  (select array_agg(e.enumlabel::text order by e.enumsortorder) from pg_catalog.pg_enum e
    where e.enumtypid in (t.oid, t.typbasetype)) as enum,
  pg_catalog.col_description(a.attrelid, a.attnum) as description
from pg_catalog.pg_attribute a
join pg_catalog.pg_class c on c.oid = a.attrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_type t on t.oid = a.atttypid
left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
where a.attnum > 0 and not a.attisdropped
  and c.relkind in ('v', 'r', 'm', 'f', 'p')
  and n.nspname not in ('pg_catalog', 'information_schema')
  and n.nspname not like 'pg\\_toast%'
  and not c.relispartition
order by a.attrelid, a.attnum
"""

KEYS = """
select r.conrelid::int8 as oid, r.contype::text as kind, r.conname as name,
  r.conkey::int[] as columns, r.confrelid::int8 as target, r.confkey::int[] as target_columns
from pg_catalog.pg_constraint r
join pg_catalog.pg_class c on c.oid = r.conrelid
where r.contype in ('p', 'u', 'f') and r.conparentid = 0 and not c.relispartition
order by r.conrelid, r.conname
"""

VIEWS = """
select c.oid::int8 as oid, r.ev_action::text as definition
from pg_catalog.pg_rewrite r
join pg_catalog.pg_class c on c.oid = r.ev_class
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where r.rulename = '_RETURN' and c.relkind in ('v', 'm')
  and n.nspname not in ('pg_catalog', 'information_schema')
"""

FUNCTIONS = """
select n.nspname as schema, p.proname as name, p.provolatile::text as volatility,
  p.proretset as returns_set, p.pronargs::int as inputs, p.pronargdefaults::int as defaults,
  p.provariadic <> 0 as variadic,
  coalesce(p.proargnames, '{}')::text[] as argument_names,
  coalesce(p.proargmodes::text[], '{}') as argument_modes,
  (select coalesce(array_agg(format('%I.%I', tn.nspname, t.typname)::text order by i), '{}')
    from unnest(p.proargtypes) with ordinality as a(oid, i)
    join pg_catalog.pg_type t on t.oid = a.oid
    join pg_catalog.pg_namespace tn on tn.oid = t.typnamespace) as full_types,
  (select coalesce(array_agg(pg_catalog.format_type(a.oid, null) order by i), '{}')
    from unnest(p.proargtypes) with ordinality as a(oid, i)) as types,
  rn.nspname as return_schema, coalesce(rc.relname, rt.typname) as return_name,
  coalesce(base.typtype, rt.typtype) = 'c'
    or coalesce(p.proargmodes && '{t,b,o}'::"char"[], false) as returns_composite,
  pg_catalog.obj_description(p.oid, 'pg_proc') as description,
  coalesce(p.proconfig, '{}')::text[] as settings
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
join pg_catalog.pg_type rt on rt.oid = p.prorettype
join pg_catalog.pg_namespace rn on rn.oid = rt.typnamespace
left join pg_catalog.pg_type base on base.oid = rt.typbasetype
left join pg_catalog.pg_class rc on rc.oid = coalesce(base.typrelid, rt.typrelid) and rc.oid <> 0
where p.prokind = 'f' and rt.typname not in ('trigger', 'event_trigger')
  and n.nspname = any ($1)
order by n.nspname, p.proname, p.oid
"""

COMPUTED_RELATIONSHIPS = """
select n.nspname as schema, p.proname as name, not p.proretset or p.prorows = 1 as single,
  sn.nspname as table_schema, s.relname as table_name,
  tn.nspname as target_schema, t.relname as target_name
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
join pg_catalog.pg_class s on s.reltype = p.proargtypes[0]
join pg_catalog.pg_namespace sn on sn.oid = s.relnamespace
join pg_catalog.pg_class t on t.reltype = p.prorettype
join pg_catalog.pg_namespace tn on tn.oid = t.relnamespace
where p.pronargs = 1 and s.relkind in ('v', 'r', 'm', 'f', 'p')
  and t.relkind in ('v', 'r', 'm', 'f', 'p')
"""

REPRESENTATIONS = """
select pg_catalog.format_type(c.castsource, null) as source,
  pg_catalog.format_type(c.casttarget, null) as target,
  format('%I.%I', n.nspname, p.proname) as function
from pg_catalog.pg_cast c
join pg_catalog.pg_proc p on p.oid = c.castfunc
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
join pg_catalog.pg_type s on s.oid = c.castsource
join pg_catalog.pg_type t on t.oid = c.casttarget
where c.castcontext = 'i' and c.castmethod = 'f' and (
  (s.typtype = 'd' and c.casttarget in ('json'::regtype, 'text'::regtype))
  or (t.typtype = 'd' and c.castsource in ('json'::regtype, 'text'::regtype)))
"""

HANDLERS = """
select pn.nspname as schema, p.proname as name, lower(m.typname) as media,
  arg_schema.nspname as target_schema, coalesce(arg_class.relname, arg.typname) as target_name,
  arg.typname = 'anyelement' as any_row
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace pn on pn.oid = p.pronamespace
join pg_catalog.pg_type m on m.oid = p.prorettype
join pg_catalog.pg_type arg on arg.oid = p.proargtypes[0]
join pg_catalog.pg_namespace arg_schema on arg_schema.oid = arg.typnamespace
left join pg_catalog.pg_class arg_class on arg_class.oid = arg.typrelid and arg.typrelid <> 0
where p.pronargs = 1 and p.prokind = 'a' and (m.typname like '%/%' or m.typname = '*/*')
  and pn.nspname = any ($1)
"""


ROLE_SETTINGS = """
select r.rolname as role, s.setting, t.context = 'user' or $1 as settable
from (
  select setrole, unnest(setconfig) as setting from pg_catalog.pg_db_role_setting
  where setdatabase in (0, (select oid from pg_catalog.pg_database
    where datname = pg_catalog.current_database()))
) as s
join pg_catalog.pg_roles r on r.oid = s.setrole
left join pg_catalog.pg_settings t on t.name = split_part(s.setting, '=', 1)
where r.rolname <> session_user
"""

TIME_ZONES = "select name from pg_catalog.pg_timezone_names"

SCHEMAS = """
select n.nspname as name, pg_catalog.obj_description(n.oid, 'pg_namespace') as description
from pg_catalog.pg_namespace n where n.nspname = any ($1)
"""
