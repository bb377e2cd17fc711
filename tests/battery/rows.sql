-- The battery's rows, as every test finds them.

truncate public.things_labels, public.parts, public.things, public.labels;

insert into public.labels values (1, 'red'), (2, 'green'), (3, 'blue'), (4, 'never');

insert into public.things (id, parent_id, name, mood, tags, numbers, span, during, doc, body, big,
  price, ratio, ok, day, at, uid) values
  (1, null, 'alpha', 'happy', '{a,b}', '{1,2,3}', '[1,10)', '[2026-01-01,2026-02-01)',
   '{"a": 1, "b": {"c": [1, 2, {"d": "x"}]}, "t": "one"}', 'The quick brown fox jumps', 1,
   1.5000, 0.5, true, '2026-01-01', '2026-01-01 10:00:00+00', md5('1')::uuid),
  (2, 1, 'beta', 'ok', '{b,c}', '{3,4}', '[10,20)', '[2026-02-01,2026-03-01)',
   '{"a": 2, "b": {"c": []}, "t": "two"}', 'A lazy dog sleeps', 9007199254740993,
   2.2500, -1.25, false, '2026-01-02', '2026-01-02 10:00:00+00', md5('2')::uuid),
  (3, 1, 'gamma', 'sad', '{}', '{}', '[5,15)', '[2026-01-15,2026-02-15)',
   '{"a": null, "t": "three"}', 'Foxes and dogs are friends', -5, 10.0000, 1e10, null,
   '2026-02-28', '2026-02-28 23:59:59.123456+00', md5('3')::uuid),
  (4, 2, 'de_ta', null, '{"with, comma","quo\"te"}', null, 'empty', null, '[1, 2, 3]',
   null, null, null, null, true, null, null, null),
  (5, 2, 'eps%lon', 'ok', '{a}', '{1}', '[20,)', null, '"text"', 'quick quick quick', 0, 0, 0,
   false, '2024-02-29', '2024-02-29 00:00:00+00', md5('5')::uuid),
  (6, 3, 'Zeta "Q" (x,y)', 'happy', '{c}', '{9,NULL}', null, null, 'null', 'brown dogs', 7,
   7.0001, 7, true, '2026-12-31', '2026-12-31 12:00:00+00', md5('6')::uuid),
  (7, null, null, null, '{}', null, null, null, null, null, null, null, null, null, null, null,
   null),
  (8, 3, 'back\slash', 'sad', '{a,b,c}', '{1,2,3,4}', '[1,2)', null, '{"a": "1"}', 'über alles',
   42, 99999999.9999, 3.14, true, '2026-06-01', '2026-06-01 08:30:00+02', md5('8')::uuid);

insert into public.parts values
  (1, 1, 2, 'wheel', 10), (2, 1, null, 'axle', 20), (3, 2, 1, 'wheel', 30), (4, 2, null, 'door', null),
  (5, 3, null, 'roof', 5), (6, 8, 1, 'wheel', 10);

insert into public.things_labels values (1, 1), (1, 2), (2, 2), (3, 3), (8, 1), (8, 2), (8, 3);
