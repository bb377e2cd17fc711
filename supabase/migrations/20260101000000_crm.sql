-- The tables of the example application. Each row belongs to the user who made it; projects are
-- also shared inside an organisation.

create schema if not exists api;
grant usage on schema api to anon, authenticated, service_role;

create function api.set_updated_at() returns trigger language plpgsql as $$
begin
  new.updated_at := now();
  return new;
end
$$;

create table api.organisations (
  id uuid primary key default gen_random_uuid(),
  name text not null check (name <> ''),
  created_at timestamptz not null default now()
);

create table api.memberships (
  organisation_id uuid not null references api.organisations (id) on delete cascade,
  user_id uuid not null references auth.users (id) on delete cascade,
  role text not null default 'member' check (role in ('owner', 'member')),
  created_at timestamptz not null default now(),
  primary key (organisation_id, user_id)
);

create table api.contacts (
  id uuid primary key default gen_random_uuid(),
  owner_id uuid not null default auth.uid() references auth.users (id) on delete cascade,
  name text not null check (name <> ''),
  email text,
  phone text,
  company text,
  contact_type text not null default 'lead'
    check (contact_type in ('lead', 'customer', 'partner', 'vendor')),
  notes text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

create table api.projects (
  id uuid primary key default gen_random_uuid(),
  owner_id uuid not null default auth.uid() references auth.users (id) on delete cascade,
  organisation_id uuid references api.organisations (id) on delete set null,
  contact_id uuid references api.contacts (id) on delete set null,
  name text not null check (name <> ''),
  status text not null default 'planned' check (status in ('planned', 'active', 'paused', 'done')),
  budget numeric(12, 2) check (budget >= 0),
  starts_on date,
  ends_on date,
  details jsonb not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  check (ends_on >= starts_on)
);

create table api.invoices (
  id uuid primary key default gen_random_uuid(),
  owner_id uuid not null default auth.uid() references auth.users (id) on delete cascade,
  contact_id uuid not null references api.contacts (id) on delete cascade,
  project_id uuid references api.projects (id) on delete set null,
  number text not null,
  status text not null default 'draft' check (status in ('draft', 'sent', 'paid', 'void')),
  currency char(3) not null default 'EUR',
  amount numeric(12, 2) not null check (amount >= 0),
  issued_on date not null default current_date,
  due_on date not null default current_date + 30,
  paid_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (owner_id, number),
  check (due_on >= issued_on)
);

create table api.appointments (
  id uuid primary key default gen_random_uuid(),
  owner_id uuid not null default auth.uid() references auth.users (id) on delete cascade,
  contact_id uuid references api.contacts (id) on delete cascade,
  project_id uuid references api.projects (id) on delete set null,
  title text not null check (title <> ''),
  location text,
  starts_at timestamptz not null,
  ends_at timestamptz not null,
  attendees text[] not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  check (ends_at > starts_at)
);

create index on api.memberships (user_id);
create index on api.contacts (owner_id, name);
create index on api.contacts (owner_id, contact_type);
create index on api.projects (owner_id, status);
create index on api.projects (organisation_id);
create index on api.projects (contact_id);
create index on api.invoices (owner_id, status);
create index on api.invoices (contact_id);
create index on api.invoices (project_id);
create index on api.appointments (owner_id, starts_at);
create index on api.appointments (contact_id);
create index on api.appointments (project_id);

create trigger set_updated_at before update on api.contacts
  for each row execute function api.set_updated_at();
create trigger set_updated_at before update on api.projects
  for each row execute function api.set_updated_at();
create trigger set_updated_at before update on api.invoices
  for each row execute function api.set_updated_at();
create trigger set_updated_at before update on api.appointments
  for each row execute function api.set_updated_at();

-- anon may ask, and row-level security answers with nothing: an empty list, not an error.
grant select, insert, update, delete on all tables in schema api
  to anon, authenticated, service_role;

alter table api.organisations enable row level security;
alter table api.memberships enable row level security;
alter table api.contacts enable row level security;
alter table api.projects enable row level security;
alter table api.invoices enable row level security;
alter table api.appointments enable row level security;

create policy "members see their own memberships" on api.memberships
  for select to authenticated using (user_id = (select auth.uid()));

create policy "members see their organisations" on api.organisations
  for select to authenticated using (
    id in (select organisation_id from api.memberships where user_id = (select auth.uid()))
  );

create policy "owners do as they like" on api.contacts to authenticated
  using (owner_id = (select auth.uid())) with check (owner_id = (select auth.uid()));

create policy "owners do as they like" on api.projects to authenticated
  using (owner_id = (select auth.uid())) with check (owner_id = (select auth.uid()));

create policy "members see the projects of their organisations" on api.projects
  for select to authenticated using (
    organisation_id in (
      select organisation_id from api.memberships where user_id = (select auth.uid())
    )
  );

create policy "owners do as they like" on api.invoices to authenticated
  using (owner_id = (select auth.uid())) with check (owner_id = (select auth.uid()));

create policy "owners do as they like" on api.appointments to authenticated
  using (owner_id = (select auth.uid())) with check (owner_id = (select auth.uid()));

create view api.open_invoices with (security_invoker = true) as
  select id, owner_id, contact_id, project_id, number, currency, amount, due_on
  from api.invoices where status in ('draft', 'sent');
grant select on api.open_invoices to anon, authenticated, service_role;

create function api.contact_counts() returns table (contact_type text, contacts bigint)
language sql stable as $$
  select contact_type, count(*) from api.contacts group by contact_type order by contact_type
$$;

create function api.search_contacts(term text) returns setof api.contacts
language sql stable rows 50 as $$
  select * from api.contacts
  where name ilike '%' || term || '%' or company ilike '%' || term || '%'
$$;
