// Asks the stand-in by supabase-js as it comes and prints each answer beside the SQL that it must
// equal: {name: {who, sql, data, count, status, code}}. Addresses and tokens come from the environment.
import { createClient } from "@supabase/supabase-js";

const { URL_, ANON_KEY, SERVICE_KEY, TOKENS } = process.env;
const tokens = JSON.parse(TOKENS);
const options = { auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false } };

function client(who) {
  if (who === "service_role") return createClient(URL_, SERVICE_KEY, options);
  const headers = tokens[who] ? { Authorization: `Bearer ${tokens[who]}` } : {};
  return createClient(URL_, ANON_KEY, { ...options, global: { headers } });
}

const cases = [];
const add = (name, sql, ask, extra = {}) => cases.push({ name, sql, ask, who: "service_role", ...extra });
const ids = (name, where, narrow) =>
  add(`filter ${name}`, `select id from things where ${where} order by id`,
    (c) => narrow(c.from("things").select("id")).order("id"));
const code = (name, wanted, ask) => add(`refused ${name}`, null, ask, { code: wanted });

// ---- filters
ids("eq", "id = 2", (q) => q.eq("id", 2));
ids("eq text with comma", "name = 'Zeta \"Q\" (x,y)'", (q) => q.eq("name", 'Zeta "Q" (x,y)'));
ids("eq unicode", "body = 'über alles'", (q) => q.eq("body", "über alles"));
ids("neq", "name <> 'beta'", (q) => q.neq("name", "beta"));
ids("gt", "id > 4", (q) => q.gt("id", 4));
ids("gte", "price >= 2.25", (q) => q.gte("price", 2.25));
ids("lt", "ratio < 0", (q) => q.lt("ratio", 0));
ids("lte", "day <= '2026-01-02'", (q) => q.lte("day", "2026-01-02"));
ids("like", "name like '%eta'", (q) => q.like("name", "%eta"));
ids("like all of", "name like all('{%a%,b%}')", (q) => q.likeAllOf("name", ["%a%", "b%"]));
ids("like any of", "name like any('{a%,b%}')", (q) => q.likeAnyOf("name", ["a%", "b%"]));
ids("ilike", "name ilike '%ETA%'", (q) => q.ilike("name", "%ETA%"));
ids("ilike all of", "name ilike all('{%A%,G%}')", (q) => q.ilikeAllOf("name", ["%A%", "G%"]));
ids("ilike any of", "name ilike any('{A%,Z%}')", (q) => q.ilikeAnyOf("name", ["A%", "Z%"]));
ids("match by regex", "name ~ '^[ab]'", (q) => q.filter("name", "match", "^[ab]"));
ids("is null", "name is null", (q) => q.is("name", null));
ids("is true", "ok is true", (q) => q.is("ok", true));
ids("is false", "ok is false", (q) => q.is("ok", false));
ids("in numbers", "id in (1, 3, 5)", (q) => q.in("id", [1, 3, 5]));
ids("in texts", "name in ('alpha', 'de_ta')", (q) => q.in("name", ["alpha", "de_ta"]));
ids("in nothing", "false", (q) => q.in("id", []));
ids("contains array", "tags @> '{a,b}'", (q) => q.contains("tags", ["a", "b"]));
ids("contains json", "doc @> '{\"a\": 1}'", (q) => q.contains("doc", { a: 1 }));
ids("contains range", "span @> '[2,3)'", (q) => q.contains("span", "[2,3)"));
ids("contained by", "tags <@ '{a,b,c}'", (q) => q.containedBy("tags", ["a", "b", "c"]));
ids("range gt", "span >> '[1,5)'", (q) => q.rangeGt("span", "[1,5)"));
ids("range gte", "span &> '[5,6)'", (q) => q.rangeGte("span", "[5,6)"));
ids("range lt", "span << '[15,25)'", (q) => q.rangeLt("span", "[15,25)"));
ids("range lte", "span &< '[0,15)'", (q) => q.rangeLte("span", "[0,15)"));
ids("range adjacent", "span -|- '[20,30)'", (q) => q.rangeAdjacent("span", "[20,30)"));
ids("overlaps array", "tags && '{a,x}'", (q) => q.overlaps("tags", ["a", "x"]));
ids("overlaps range", "span && '[8,12)'", (q) => q.overlaps("span", "[8,12)"));
ids("text search", "words @@ to_tsquery('fox & brown')", (q) => q.textSearch("words", "fox & brown"));
ids("text search plain", "words @@ plainto_tsquery('english', 'lazy dog')",
  (q) => q.textSearch("words", "lazy dog", { type: "plain", config: "english" }));
ids("text search phrase", "words @@ phraseto_tsquery('quick brown')", (q) => q.textSearch("words", "quick brown", { type: "phrase" }));
ids("text search websearch", "words @@ websearch_to_tsquery('dog -lazy')", (q) => q.textSearch("words", "dog -lazy", { type: "websearch" }));
ids("match object", "mood = 'ok' and ok = false", (q) => q.match({ mood: "ok", ok: false }));
ids("not eq", "not name = 'beta'", (q) => q.not("name", "eq", "beta"));
ids("not in", "not id in (1, 2)", (q) => q.not("id", "in", "(1,2)"));
ids("not is null", "name is not null", (q) => q.not("name", "is", null));
ids("or", "id = 1 or name = 'beta'", (q) => q.or("id.eq.1,name.eq.beta"));
ids("or with and", "id = 1 or (ok is true and id > 4)", (q) => q.or("id.eq.1,and(ok.is.true,id.gt.4)"));
ids("or with not", "id = 1 or not (ok is true or id > 4)", (q) => q.or("id.eq.1,not.or(ok.is.true,id.gt.4)"));
ids("two ors", "(id = 1 or id = 2) and (id = 2 or id = 3)", (q) => q.or("id.eq.1,id.eq.2").or("id.eq.2,id.eq.3"));
ids("json path", "doc->>'t' = 'two'", (q) => q.eq("doc->>t", "two"));
ids("json number", "doc->'a' > '1'", (q) => q.gt("doc->a", 1));
ids("raw filter", "id >= any('{7,8}')", (q) => q.filter("id", "gte(any)", "{7,8}"));

// ---- selects, orders, pages
const three = (columns, sql) =>
  add(`select ${columns}`, `select ${sql} from things where id in (1, 3) order by id`,
    (c) => c.from("things").select(columns).in("id", [1, 3]).order("id")); // 2 holds a number beyond 2^53
three("*", "*");
three("id, name", "id, name");
three("title:name, id::text", "name as title, id::text as id");
three("doc->b->c, t:doc->>t", "doc->'b'->'c' as c, doc->>'t' as t");
three('"odd name", tags', '"odd name", tags');
const ordered = (name, sql, sort) =>
  add(`order ${name}`, `select id from things order by ${sql}`, (c) => sort(c.from("things").select("id")));
ordered("descending", "id desc", (q) => q.order("id", { ascending: false }));
ordered("nulls first", "big nulls first, id", (q) => q.order("big", { nullsFirst: true }).order("id"));
ordered("nulls last", "big desc nulls last, id", (q) => q.order("big", { ascending: false, nullsFirst: false }).order("id"));
ordered("by a json path", "doc->>'t', id", (q) => q.order("doc->>t").order("id"));
ordered("and limit", "id limit 3", (q) => q.order("id").limit(3));
ordered("and range", "id offset 2 limit 3", (q) => q.order("id").range(2, 4));

// ---- embedding
const parts = "(select coalesce(json_agg(p order by p.id), '[]') from (select id, name from parts where thing_id = t.id) p)";
add("embed to-many", `select t.id, ${parts} as parts from things t order by t.id`,
  (c) => c.from("things").select("id, parts!parts_thing(id, name)").order("id"));
add("embed alias", `select t.id, ${parts} as pieces from things t order by t.id`,
  (c) => c.from("things").select("id, pieces:parts!parts_thing(id, name)").order("id"));
add("embed to-one", "select p.id, json_build_object('name', t.name) as things from parts p join things t on t.id = p.thing_id order by p.id",
  (c) => c.from("parts").select("id, things!parts_thing(name)").order("id"));
add("embed many-to-many", "select t.id, (select coalesce(json_agg(json_build_object('name', l.name) order by l.id), '[]') from labels l join things_labels x on x.label_id = l.id where x.thing_id = t.id) as labels from things t order by t.id",
  (c) => c.from("things").select("id, labels(name)").order("id"));
add("embed inner with filter", "select p.id, json_build_object('name', t.name) as things from parts p join things t on t.id = p.thing_id and t.mood = 'happy' order by p.id",
  (c) => c.from("parts").select("id, things!parts_thing!inner(name)").eq("things.mood", "happy").order("id"));
add("embed ordered and limited", "select t.id, (select coalesce(json_agg(p), '[]') from (select id from parts where thing_id = t.id order by id desc limit 1) p) as parts from things t order by t.id",
  (c) => c.from("things").select("id, parts!parts_thing(id)").order("id").order("id", { referencedTable: "parts", ascending: false }).limit(1, { referencedTable: "parts" }));
add("embed with or inside", "select t.id, (select coalesce(json_agg(p order by p.id), '[]') from (select id from parts where thing_id = t.id and (name = 'door' or weight < 15)) p) as parts from things t order by t.id",
  (c) => c.from("things").select("id, parts!parts_thing(id)").or("name.eq.door,weight.lt.15", { referencedTable: "parts" }).order("id"));
add("spread", "select p.id, t.name as thing from parts p join things t on t.id = p.thing_id order by p.id",
  (c) => c.from("parts").select("id, ...things!parts_thing(thing:name)").order("id"));
add("null embed", "select t.id from things t where not exists (select from parts where thing_id = t.id) order by t.id",
  (c) => c.from("things").select("id, parts!parts_thing()").is("parts", null).order("id"));

// ---- shapes
add("single", "select * from things where id = 1", (c) => c.from("things").select().eq("id", 1).single(), { one: true });
add("maybe single", "select * from things where id = 1", (c) => c.from("things").select().eq("id", 1).maybeSingle(), { one: true });
add("count exact", "select id from things order by id limit 2", (c) => c.from("things").select("id", { count: "exact" }).order("id").limit(2), { count: 8, status: 206 });
add("count of head", null, (c) => c.from("things").select("*", { count: "exact", head: true }), { count: 8, status: 200 });
add("csv", null, (c) => c.from("labels").select("id,name").order("id").csv(), { data: "id,name\n1,red\n2,green\n3,blue\n4,never" });

// ---- calls
add("call scalar", null, (c) => c.rpc("add", { a: 1, b: 2 }), { data: 3 });
add("call default", null, (c) => c.rpc("add", { a: 1 }), { data: 11 });
add("call by get", null, (c) => c.rpc("add", { a: 5 }, { get: true }), { data: 15 });
add("call set of values", null, (c) => c.rpc("numbers", { n: 3 }), { data: [1, 2, 3] });
add("call set", "select id, name from things_like('%eta') order by id", (c) => c.rpc("things_like", { pattern: "%eta" }).select("id, name").order("id"));
add("call filtered", "select * from pairs() where x > 1 order by x", (c) => c.rpc("pairs").gt("x", 1).order("x"));
add("call counted", "select x, y from pairs() order by x", (c) => c.rpc("pairs", {}, { count: "exact" }).order("x"), { count: 3 });

// ---- callers
for (const who of ["alice", "bob", "carol", "anon"]) {
  add(`${who}'s contacts`, "select id, name from api.contacts order by id limit 20",
    (c) => c.schema("api").from("contacts").select("id, name").order("id").limit(20), { who });
  add(`${who} by name`, null, (c) => c.rpc("who_am_i"), { who, value: "select public.who_am_i()" });
}

// ---- refusals
code("unknown table", "PGRST205", (c) => c.from("thinks").select());
code("unknown column", "42703", (c) => c.from("things").select("nope"));
code("wrong type", "22P02", (c) => c.from("things").select().eq("id", "x"));
code("ambiguous embed", "PGRST201", (c) => c.from("things").select("id, parts(id)"));
code("unknown embed", "PGRST200", (c) => c.from("things").select("id, rings(id)"));
code("single over many", "PGRST116", (c) => c.from("things").select().single());
code("unknown function", "PGRST202", (c) => c.rpc("no_such"));
code("bad tree", "PGRST100", (c) => c.from("things").select().or("id.eq.1,"));
code("unknown schema", "PGRST106", (c) => c.schema("secret").from("things").select());
code("duplicate key", "23505", (c) => c.from("labels").insert({ id: 1, name: "x" }));
code("bad column of a write", "PGRST204", (c) => c.from("labels").insert({ id: 50, nope: 1 }));

// ---- writes, in this order, each undone by the one after it
add("insert", null, (c) => c.from("labels").insert({ id: 60, name: "six" }).select(), { data: [{ id: 60, name: "six" }] });
add("update", null, (c) => c.from("labels").update({ name: "sixty" }).eq("id", 60).select(), { data: [{ id: 60, name: "sixty" }] });
add("upsert", null, (c) => c.from("labels").upsert({ id: 60, name: "sechzig" }).select("name"), { data: [{ name: "sechzig" }] });
add("upsert ignoring", null, (c) => c.from("labels").upsert({ id: 60, name: "no" }, { ignoreDuplicates: true }).select(), { data: [] });
add("insert many", null, (c) => c.from("labels").insert([{ id: 61, name: "a" }, { id: 62, name: "b" }]).select("id"), { data: [{ id: 61 }, { id: 62 }] });
add("delete", null, (c) => c.from("labels").delete().gte("id", 60).select("id"), { data: [{ id: 60 }, { id: 61 }, { id: 62 }] });
add("insert without an answer", null, (c) => c.from("labels").insert({ id: 63, name: "quiet" }), { data: null, status: 201 });
add("delete without an answer", null, (c) => c.from("labels").delete().eq("id", 63), { data: null, status: 204 });

const clients = {};
const results = {};
for (const { name, ask, who, ...wanted } of cases) {
  clients[who] ??= client(who);
  const { data, error, count, status } = await ask(clients[who]);
  results[name] = { who, wanted, got: { data, count, status, code: error?.code ?? null, message: error?.message ?? null } };
}

// ---- signing in, as a browser does
const auth = createClient(URL_, ANON_KEY, options);
const signedIn = await auth.auth.signInWithPassword({ email: "alice@example.com", password: "canvalo-demo" });
const seen = await auth.schema("api").from("contacts").select("id").order("id").limit(3);
const refreshed = await auth.auth.refreshSession();
const user = await auth.auth.getUser();
const wrong = await createClient(URL_, ANON_KEY, options).auth.signInWithPassword({ email: "alice@example.com", password: "wrong" });
process.stdout.write(JSON.stringify({
  results,
  auth: {
    error: signedIn.error?.message ?? null, rows: seen.data, refreshed: Boolean(refreshed.data?.session),
    email: user.data?.user?.email ?? null, wrong: wrong.error?.status ?? null,
  },
}));
