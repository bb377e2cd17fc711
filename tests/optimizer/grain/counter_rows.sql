truncate api.g_people, api.g_parts, api.g_notes, api.g_mails, api.g_labels, api.g_links,
  api.g_members, api.g_owned, api.g_shared;
insert into api.g_people (id, team, name, code, grade, price, ok, made, doc, tags, email) values
  (1, 1, 'ann', 'ab', 'x', 1.50, true, '2024-01-01T00:00:00Z', '{"a": 1}', '{p,q}', 'a@x'),
  (2, 1, 'bob', 'new', 'y', 2, false, '2024-06-01T12:00:00+02:00', '{"a": "1"}', '{q}', 'b@x'),
  (3, 2, 'cy', 'ab', 'x', 3, true, null, null, '{}', 'c@x'),
  (4, 2, null, null, null, null, null, '2024-01-01T00:00:00Z', '{"b": [1]}', null, null),
  (5, null, 'eve', 'new', 'z', 0, true, '2025-01-01T00:00:00Z', '[]', '{r}', 'e@x');
insert into api.g_parts values (1, 'x', 1, 1), (1, 'y', 2, 1), (2, 'x', 3, 2), (3, 'z', null, null);
insert into api.g_notes (id, person_id, parent_id, body) values
  (1, 1, null, 'one'), (2, 1, 1, 'two'), (3, 2, null, 'three'), (4, null, null, 'four');
insert into api.g_mails values (1, 'a@x'), (2, 'b@x'), (3, null);
insert into api.g_labels values (1, 'red'), (2, 'blue'), (3, 'green');
insert into api.g_links values (1, 1), (1, 2), (2, 2);
insert into api.g_members values ('00000000-0000-4000-8000-00000000a11c', 1);
insert into api.g_owned values
  (1, '00000000-0000-4000-8000-00000000a11c', 'hers'), (2, '00000000-0000-4000-8000-000000000b0b', 'his');
insert into api.g_shared values (1, 1, 'one'), (2, 2, 'two');
