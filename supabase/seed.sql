-- Three users and a few thousand rows, the same ones on every machine: nothing here is random.
-- The password of all three is canvalo-demo: for a laptop, never for a server others can reach.

insert into auth.users (
  instance_id, id, aud, role, email, encrypted_password, email_confirmed_at, raw_app_meta_data,
  raw_user_meta_data, created_at, updated_at, confirmation_token, recovery_token,
  email_change_token_new, email_change
)
select
  '00000000-0000-0000-0000-000000000000', id::uuid, 'authenticated', 'authenticated', email,
  '$2a$06$wzAQKgUXKf4bk7kAA3l8N.IcSDMdWJRT2rCGGMX6.sOyxFlwSfLV.', timestamptz '2026-01-01 09:00:00+00',
  '{"provider": "email", "providers": ["email"]}', jsonb_build_object('name', name),
  timestamptz '2026-01-01 09:00:00+00', timestamptz '2026-01-01 09:00:00+00', '', '', '', ''
from (values
  ('00000000-0000-4000-8000-00000000a11c', 'alice@example.com', 'Alice'),
  ('00000000-0000-4000-8000-000000000b0b', 'bob@example.com', 'Bob'),
  ('00000000-0000-4000-8000-0000000ca201', 'carol@example.com', 'Carol')
) as person(id, email, name);

insert into auth.identities (
  id, provider_id, user_id, identity_data, provider, last_sign_in_at, created_at, updated_at
)
select
  md5('identity ' || email)::uuid, id::text, id,
  jsonb_build_object('sub', id, 'email', email, 'email_verified', true), 'email',
  created_at, created_at, created_at
from auth.users
where email in ('alice@example.com', 'bob@example.com', 'carol@example.com');

insert into api.organisations (id, name, created_at) values
  (md5('organisation 1')::uuid, 'Northwind Studio', '2026-01-02 09:00:00+00'),
  (md5('organisation 2')::uuid, 'Carol & Sons', '2026-01-02 10:00:00+00');

-- Alice and Bob share the first organisation; Carol has one of her own.
insert into api.memberships (organisation_id, user_id, role, created_at) values
  (md5('organisation 1')::uuid, '00000000-0000-4000-8000-00000000a11c', 'owner',
   '2026-01-02 09:00:00+00'),
  (md5('organisation 1')::uuid, '00000000-0000-4000-8000-000000000b0b', 'member',
   '2026-01-02 09:05:00+00'),
  (md5('organisation 2')::uuid, '00000000-0000-4000-8000-0000000ca201', 'owner',
   '2026-01-02 10:00:00+00');

create temporary table seed_owner (name text, id uuid, contacts int, organisation uuid);
insert into seed_owner values
  ('alice', '00000000-0000-4000-8000-00000000a11c', 1200, md5('organisation 1')::uuid),
  ('bob', '00000000-0000-4000-8000-000000000b0b', 1200, md5('organisation 1')::uuid),
  ('carol', '00000000-0000-4000-8000-0000000ca201', 600, md5('organisation 2')::uuid);

insert into api.contacts (
  id, owner_id, name, email, phone, company, contact_type, notes, created_at, updated_at
)
select
  md5(format('contact %s %s', owner.name, n))::uuid,
  owner.id,
  first || ' ' || last,
  lower(first) || '.' || lower(last) || n || '@' || lower(replace(company, ' ', '')) || '.example',
  case when n % 7 <> 0 then '+49 30 ' || lpad((n * 7919 % 1000000)::text, 6, '0') end,
  company,
  (array['lead', 'customer', 'customer', 'partner', 'vendor'])[1 + n % 5],
  case when n % 3 = 0 then 'Met at the ' || company || ' fair, asked for an offer.' end,
  timestamptz '2026-01-05 08:00:00+00' + n * interval '97 minutes',
  timestamptz '2026-01-05 08:00:00+00' + n * interval '101 minutes'
from seed_owner as owner
cross join lateral generate_series(1, owner.contacts) as n
cross join lateral (
  select
    (array['Ada', 'Ben', 'Chiara', 'Dmitri', 'Elif', 'Farid', 'Grace', 'Hana', 'Ivan', 'Joana',
           'Kofi', 'Lena', 'Mateo'])[1 + n % 13] as first,
    (array['Abbott', 'Berg', 'Costa', 'Dietrich', 'Evans', 'Fischer', 'García', 'Haas', 'Ito',
           'Jensen', 'Khan', 'Lindqvist', 'Moreau', 'Novak', 'Okafor', 'Petrov', 'Quint'])
      [1 + n * 5 % 17] as last,
    (array['Acme', 'Blue Harbour', 'Copper Field', 'Delta Works', 'Evergreen', 'Foxglove',
           'Granite', 'Helios', 'Iron Bridge', 'Juniper', 'Kestrel'])[1 + n * 3 % 11] as company
) as words;

insert into api.projects (
  id, owner_id, organisation_id, contact_id, name, status, budget, starts_on, ends_on, details,
  created_at, updated_at
)
select
  md5(format('project %s %s', owner.name, n))::uuid,
  owner.id,
  case when n % 4 = 0 then owner.organisation end,
  case when n % 10 <> 0 then md5(format('contact %s %s', owner.name, n))::uuid end,
  (array['Website', 'Rebrand', 'Warehouse', 'Audit', 'Mobile app', 'Training'])[1 + n % 6]
    || ' ' || n,
  (array['planned', 'active', 'active', 'paused', 'done'])[1 + n % 5],
  case when n % 9 <> 0 then n * 137.50 end,
  date '2026-01-12' + n % 200,
  case when n % 3 <> 0 then date '2026-01-12' + n % 200 + 30 + n % 60 end,
  jsonb_build_object(
    'priority', 1 + n % 3,
    'tags', jsonb_build_array('phase ' || 1 + n % 2, (array['red', 'green', 'blue'])[1 + n % 3]),
    'lead', jsonb_build_object('name', 'Lead ' || n % 8, 'remote', n % 2 = 0)
  ),
  timestamptz '2026-01-10 08:00:00+00' + n * interval '7 hours',
  timestamptz '2026-01-10 08:00:00+00' + n * interval '9 hours'
from seed_owner as owner
cross join lateral generate_series(1, owner.contacts / 10) as n;

insert into api.invoices (
  id, owner_id, contact_id, project_id, number, status, currency, amount, issued_on, due_on,
  paid_at, created_at, updated_at
)
select
  md5(format('invoice %s %s', owner.name, n))::uuid,
  owner.id,
  md5(format('contact %s %s', owner.name, 1 + n % (owner.contacts / 2)))::uuid,
  case when n % 3 <> 0
    then md5(format('project %s %s', owner.name, 1 + n % (owner.contacts / 10)))::uuid end,
  '2026-' || lpad(n::text, 5, '0'),
  (array['draft', 'sent', 'paid', 'paid', 'void'])[1 + n % 5],
  (array['EUR', 'EUR', 'USD', 'GBP'])[1 + n % 4],
  round((n * 7919 % 500000) / 100.0 + 20, 2),
  date '2026-01-15' + n % 220,
  date '2026-01-15' + n % 220 + 30,
  case when n % 5 in (2, 3)
    then timestamptz '2026-02-01 12:00:00+00' + (n % 220) * interval '1 day' end,
  timestamptz '2026-01-15 09:00:00+00' + n * interval '3 hours',
  timestamptz '2026-01-15 09:00:00+00' + n * interval '4 hours'
from seed_owner as owner
cross join lateral generate_series(1, owner.contacts / 2) as n;

insert into api.appointments (
  id, owner_id, contact_id, project_id, title, location, starts_at, ends_at, attendees,
  created_at, updated_at
)
select
  md5(format('appointment %s %s', owner.name, n))::uuid,
  owner.id,
  case when n % 8 <> 0
    then md5(format('contact %s %s', owner.name, 1 + n * 3 % owner.contacts))::uuid end,
  case when n % 2 = 0
    then md5(format('project %s %s', owner.name, 1 + n % (owner.contacts / 10)))::uuid end,
  (array['Kick-off', 'Review', 'Lunch', 'Call', 'Workshop'])[1 + n % 5] || ' ' || n,
  (array['Berlin', 'Online', 'Lisbon', null, 'Accra'])[1 + n % 5],
  timestamptz '2026-02-01 08:00:00+00' + n * interval '5 hours',
  timestamptz '2026-02-01 08:00:00+00' + n * interval '5 hours' + (1 + n % 4) * interval '30 minutes',
  case when n % 4 = 0 then array['Ada Abbott', 'Ben, the "architect"']
       when n % 4 = 1 then array['Chiara'] else '{}'::text[] end,
  timestamptz '2026-01-20 09:00:00+00' + n * interval '2 hours',
  timestamptz '2026-01-20 09:00:00+00' + n * interval '2 hours'
from seed_owner as owner
cross join lateral generate_series(1, owner.contacts / 4) as n;

drop table seed_owner;
