"""Reads through supabase-py, each beside the SQL that says what the answer must be."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from supabase import Client

Query = Any


@dataclass(frozen=True)
class Case:
    """A request and the SQL of its answer; `who` asks both."""

    name: str
    ask: Callable[[Client], Query]
    sql: str
    who: str = "service_role"


def things(client: Client) -> Query:
    """The table with every kind of column."""
    return client.table("things")


def filtered(name: str, where: str, narrow: Callable[[Query], Query]) -> Case:
    """A filter on things; only the keys are compared, in their order."""
    return Case(
        f"filter {name}",
        lambda c: narrow(things(c).select("id")).order("id"),
        f"select id from things where {where} order by id",
    )


def selected(columns: str, sql: str, name: str = "") -> Case:
    """A select list, over the first three things."""
    return Case(
        f"select {name or columns}",
        lambda c: things(c).select(columns).lt("id", 4).order("id"),
        f"select {sql} from things where id < 4 order by id",
    )


def all_cases() -> Iterator[Case]:
    """Every read of one relation."""
    yield from selects()
    yield from comparisons()
    yield from texts()
    yield from sets_and_truths()
    yield from arrays_and_ranges()
    yield from searches()
    yield from negations()
    yield from trees()
    yield from orders()
    yield from pages()
    yield from seeded()


def selects() -> Iterator[Case]:
    yield selected("*", "*")
    yield selected("id,name", "id, name")
    yield selected("name,id", "name, id")
    yield selected("title:name", "name as title")
    yield selected("id::text", "id::text as id")
    yield selected("n:id::text,name", "id::text as n, name")
    yield selected("price::float8", "price::float8 as price")
    yield selected("day::text,at", "day::text as day, at")
    yield selected("doc->a", "doc->'a' as a")
    yield selected("doc->>t", "doc->>'t' as t")
    yield selected("doc->b->c", "doc->'b'->'c' as c")
    yield selected("doc->b->c->0", "doc->'b'->'c'->0 as c", "an index keeps the name before it")
    yield selected("doc->b->c->2->>d", "doc->'b'->'c'->2->>'d' as d")
    yield selected("doc->b->c->-1", "doc->'b'->'c'->-1 as c", "a negative index")
    yield selected("x:doc->>t", "doc->>'t' as x")
    yield selected("doc->>a::int", "(doc->>'a')::int as a")
    yield selected("numbers->0", "to_jsonb(numbers)->0 as numbers", "an arrow into an array")
    yield selected('"odd name"', '"odd name"')
    yield selected("*,again:name", "*, name as again", "star and more")
    yield selected("big,price,ratio", "big, price, ratio", "numbers as they are")
    yield selected("tags,numbers,span,during", "tags, numbers, span, during")
    yield selected("mood,ok,uid", "mood, ok, uid")
    yield selected("words", "words")


def comparisons() -> Iterator[Case]:
    yield filtered("eq", "id = 3", lambda q: q.eq("id", 3))
    yield filtered("eq text", "name = 'beta'", lambda q: q.eq("name", "beta"))
    yield filtered(
        "eq with comma", "name = 'Zeta \"Q\" (x,y)'", lambda q: q.eq("name", 'Zeta "Q" (x,y)')
    )
    yield filtered("eq empty", "name = ''", lambda q: q.eq("name", ""))
    yield filtered("eq backslash", "name = 'back\\slash'", lambda q: q.eq("name", "back\\slash"))
    yield filtered("eq padded number", "id = 1", lambda q: q.eq("id", "01"))
    yield filtered(
        "eq beyond 2^53", "big = 9007199254740993", lambda q: q.eq("big", 9007199254740993)
    )
    yield filtered("eq enum", "mood = 'ok'", lambda q: q.eq("mood", "ok"))
    yield filtered("eq bool", "ok = true", lambda q: q.eq("ok", True))
    yield filtered("eq date", "day = '2024-02-29'", lambda q: q.eq("day", "2024-02-29"))
    yield filtered(
        "eq timestamp",
        "at = '2026-06-01 06:30:00+00'",
        lambda q: q.eq("at", "2026-06-01T08:30:00+02:00"),
    )
    yield filtered(
        "eq uuid",
        "uid = md5('2')::uuid",
        lambda q: q.eq("uid", "c81e728d-9d4c-2f63-6f06-7f89cc14862c"),
    )
    yield filtered("eq json path", "doc->>'t' = 'two'", lambda q: q.eq("doc->>t", "two"))
    yield filtered("eq json value", "doc->'a' = '1'", lambda q: q.eq("doc->a", 1))
    yield filtered("eq odd name", "\"odd name\" = 'odd'", lambda q: q.eq("odd name", "odd"))
    yield filtered("neq drops null", "name <> 'beta'", lambda q: q.neq("name", "beta"))
    yield filtered("gt", "id > 5", lambda q: q.gt("id", 5))
    yield filtered("gte", "id >= 5", lambda q: q.gte("id", 5))
    yield filtered("lt drops null", "big < 5", lambda q: q.lt("big", 5))
    yield filtered("lte numeric", "price <= 2.25", lambda q: q.lte("price", 2.25))
    yield filtered("gt text", "name > 'b'", lambda q: q.gt("name", "b"))
    yield filtered("gt json path", "doc->>'a' > '1'", lambda q: q.gt("doc->>a", "1"))
    yield filtered(
        "between",
        "day >= '2026-01-02' and day < '2026-07-01'",
        lambda q: q.gte("day", "2026-01-02").lt("day", "2026-07-01"),
    )
    yield filtered("eq any", "id = any('{1,3}')", lambda q: q.filter("id", "eq(any)", "{1,3}"))
    yield filtered("eq all", "id = all('{1}')", lambda q: q.filter("id", "eq(all)", "{1}"))
    yield filtered("gt any", "id > any('{6,7}')", lambda q: q.filter("id", "gt(any)", "{6,7}"))
    yield filtered("gte all", "id >= all('{2,5}')", lambda q: q.filter("id", "gte(all)", "{2,5}"))
    yield filtered(
        "isdistinct",
        "name is distinct from 'beta'",
        lambda q: q.filter("name", "isdistinct", "beta"),
    )


def texts() -> Iterator[Case]:
    yield filtered("like percent", "name like '%eta'", lambda q: q.like("name", "%eta"))
    yield filtered("like star", "name like '%eta%'", lambda q: q.like("name", "*eta*"))
    yield filtered("like underscore", "name like 'de_ta'", lambda q: q.like("name", "de_ta"))
    yield filtered("like escaped", "name like 'eps\\%lon'", lambda q: q.like("name", "eps\\%lon"))
    yield filtered("ilike", "name ilike 'ALPHA'", lambda q: q.ilike("name", "ALPHA"))
    yield filtered("ilike star", "name ilike '%ETA%'", lambda q: q.ilike("name", "*ETA*"))
    yield filtered(
        "like all of", "name like all('{%a%,b%}')", lambda q: q.like_all_of("name", "%a%,b%")
    )
    yield filtered(
        "like any of", "name like any('{a%,b%}')", lambda q: q.like_any_of("name", "a%,b%")
    )
    yield filtered(
        "ilike any of", "name ilike any('{A%,B%}')", lambda q: q.ilike_any_of("name", "A%,B%")
    )
    yield filtered(
        "ilike all of", "name ilike all('{%A%,G%}')", lambda q: q.ilike_all_of("name", "%A%,G%")
    )
    yield filtered(
        "match", "name ~ '^(alpha|beta)$'", lambda q: q.filter("name", "match", "^(alpha|beta)$")
    )
    yield filtered("imatch", "name ~* '^ZETA'", lambda q: q.filter("name", "imatch", "^ZETA"))
    yield filtered("like json path", "doc->>'t' like 't%'", lambda q: q.like("doc->>t", "t%"))


def sets_and_truths() -> Iterator[Case]:
    yield filtered("in", "id in (1, 3, 99)", lambda q: q.in_("id", [1, 3, 99]))
    yield filtered(
        "in texts",
        "name in ('alpha', 'Zeta \"Q\" (x,y)')",
        lambda q: q.in_("name", ["alpha", 'Zeta "Q" (x,y)']),
    )
    yield filtered("in one", "id in (2)", lambda q: q.in_("id", [2]))
    yield filtered("in none", "false", lambda q: q.in_("id", []))
    yield filtered("in enum", "mood in ('ok', 'sad')", lambda q: q.in_("mood", ["ok", "sad"]))
    yield filtered(
        "in json path", "doc->>'t' in ('one', 'two')", lambda q: q.in_("doc->>t", ["one", "two"])
    )
    yield filtered(
        "in backslash",
        "name in ('back\\slash')",
        lambda q: q.filter("name", "in", '("back\\\\slash")'),
    )
    yield filtered("is null", "name is null", lambda q: q.is_("name", "null"))
    yield filtered("is true", "ok is true", lambda q: q.is_("ok", "true"))
    yield filtered("is false", "ok is false", lambda q: q.is_("ok", "false"))
    yield filtered("is unknown", "ok is unknown", lambda q: q.is_("ok", "unknown"))
    yield filtered("is not_null", "name is not null", lambda q: q.is_("name", "not_null"))
    yield filtered("is null in json", "doc->>'a' is null", lambda q: q.is_("doc->>a", "null"))


def arrays_and_ranges() -> Iterator[Case]:
    yield filtered("contains array", "tags @> '{a,b}'", lambda q: q.contains("tags", ["a", "b"]))
    yield filtered(
        "contains comma",
        "tags @> '{\"with, comma\"}'",
        lambda q: q.filter("tags", "cs", '{"with, comma"}'),
    )
    yield filtered(
        "contained by", "tags <@ '{a,b,c}'", lambda q: q.contained_by("tags", ["a", "b", "c"])
    )
    yield filtered("overlaps", "tags && '{a,x}'", lambda q: q.overlaps("tags", ["a", "x"]))
    yield filtered("contains ints", "numbers @> '{1,2}'", lambda q: q.contains("numbers", [1, 2]))
    yield filtered("eq array", "tags = '{a}'", lambda q: q.eq("tags", "{a}"))
    yield filtered("contains json", "doc @> '{\"a\": 1}'", lambda q: q.contains("doc", {"a": 1}))
    yield filtered(
        "contained by json",
        'doc <@ \'{"a": "1", "b": 2}\'',
        lambda q: q.contained_by("doc", {"a": "1", "b": 2}),
    )
    yield filtered("range contains", "span @> '[2,3)'", lambda q: q.contains("span", "[2,3)"))
    yield filtered(
        "range contained", "span <@ '[0,30)'", lambda q: q.contained_by("span", "[0,30)")
    )
    yield filtered("range overlaps", "span && '[8,12)'", lambda q: q.overlaps("span", "[8,12)"))
    yield filtered("range gt", "span >> '(1,5)'", lambda q: q.range_gt("span", (1, 5)))
    yield filtered("range gte", "span &> '(5,8)'", lambda q: q.range_gte("span", (5, 8)))
    yield filtered("range lt", "span << '(15,25)'", lambda q: q.range_lt("span", (15, 25)))
    yield filtered("range lte", "span &< '(0,15)'", lambda q: q.range_lte("span", (0, 15)))
    yield filtered(
        "range adjacent", "span -|- '(9,30)'", lambda q: q.range_adjacent("span", (9, 30))
    )
    yield filtered(
        "time range",
        "during @> '[2026-01-20,2026-01-21)'",
        lambda q: q.filter("during", "cs", "[2026-01-20,2026-01-21)"),
    )


def searches() -> Iterator[Case]:
    yield filtered(
        "fts",
        "words @@ to_tsquery('fox & brown')",
        lambda q: q.filter("words", "fts", "fox & brown"),
    )
    yield filtered(
        "fts language",
        "words @@ to_tsquery('english', 'dogs')",
        lambda q: q.filter("words", "fts(english)", "dogs"),
    )
    yield filtered(
        "plfts",
        "words @@ plainto_tsquery('lazy dog')",
        lambda q: q.filter("words", "plfts", "lazy dog"),
    )
    yield filtered(
        "phfts",
        "words @@ phraseto_tsquery('quick brown')",
        lambda q: q.filter("words", "phfts", "quick brown"),
    )
    yield filtered(
        "wfts",
        "words @@ websearch_to_tsquery('dog -lazy')",
        lambda q: q.filter("words", "wfts", "dog -lazy"),
    )
    yield filtered(
        "wfts simple",
        "words @@ websearch_to_tsquery('simple', 'quick')",
        lambda q: q.filter("words", "wfts(simple)", "quick"),
    )
    yield filtered(
        "fts on text",
        "to_tsvector(body) @@ to_tsquery('fox')",
        lambda q: q.filter("body", "fts", "fox"),
    )
    yield filtered(
        "fts on text in english",
        "to_tsvector('english', body) @@ plainto_tsquery('english', 'dogs')",
        lambda q: q.filter("body", "plfts(english)", "dogs"),
    )


def negations() -> Iterator[Case]:
    yield filtered("not eq", "not id = 3", lambda q: q.not_.eq("id", 3))
    yield filtered("not like", "not name like '%eta'", lambda q: q.not_.like("name", "%eta"))
    yield filtered("not in", "not id in (1, 2)", lambda q: q.not_.in_("id", [1, 2]))
    yield filtered("not is null", "not name is null", lambda q: q.not_.is_("name", "null"))
    yield filtered("not contains", "not tags @> '{a}'", lambda q: q.not_.contains("tags", ["a"]))
    yield filtered(
        "not fts", "not words @@ to_tsquery('fox')", lambda q: q.filter("words", "not.fts", "fox")
    )
    yield filtered(
        "not gt any", "not id > any('{6,7}')", lambda q: q.filter("id", "not.gt(any)", "{6,7}")
    )
    yield filtered(
        "not isdistinct",
        "not name is distinct from 'beta'",
        lambda q: q.filter("name", "not.isdistinct", "beta"),
    )


def trees() -> Iterator[Case]:
    yield filtered("or", "id = 1 or name = 'beta'", lambda q: q.or_("id.eq.1,name.eq.beta"))
    yield filtered(
        "or and",
        "id = 1 or (ok is true and id > 4)",
        lambda q: q.or_("id.eq.1,and(ok.is.true,id.gt.4)"),
    )
    yield filtered(
        "or not",
        "id = 1 or not (ok is true or id > 4)",
        lambda q: q.or_("id.eq.1,not.or(ok.is.true,id.gt.4)"),
    )
    yield filtered(
        "or not and",
        "id = 1 or not (ok is true and id > 4)",
        lambda q: q.or_("id.eq.1,not.and(ok.is.true,id.gt.4)"),
    )
    yield filtered(
        "or quoted",
        "name = 'Zeta \"Q\" (x,y)' or id = 2",
        lambda q: q.or_('name.eq."Zeta \\"Q\\" (x,y)",id.eq.2'),
    )
    yield filtered(
        "or in",
        "id in (1, 2) or name in ('gamma')",
        lambda q: q.or_('id.in.(1,2),name.in.("gamma")'),
    )
    yield filtered(
        "or array", "tags @> '{a,b}' or id = 7", lambda q: q.or_("tags.cs.{a,b},id.eq.7")
    )
    yield filtered(
        "or negated filter",
        "not id > 2 or name is null",
        lambda q: q.or_("id.not.gt.2,name.is.null"),
    )
    yield filtered(
        "or json", "doc->>'t' = 'one' or id = 8", lambda q: q.or_("doc->>t.eq.one,id.eq.8")
    )
    yield filtered(
        "or twice",
        "(id = 1 or id = 2) and (id = 2 or id = 3)",
        lambda q: q.or_("id.eq.1,id.eq.2").or_("id.eq.2,id.eq.3"),
    )
    yield filtered(
        "and with filters",
        "(id > 1 and id < 6) and ok",
        lambda q: q.gt("id", 1).lt("id", 6).is_("ok", "true"),
    )
    yield filtered(
        "or like any",
        "name like any('{a%,b%}') or id = 6",
        lambda q: q.or_("name.like(any).{a%,b%},id.eq.6"),
    )
    yield filtered(
        "or fts",
        "words @@ to_tsquery('english', 'dog') or id = 1",
        lambda q: q.or_("words.fts(english).dog,id.eq.1"),
    )
    yield filtered(
        "deep",
        "id = 1 or (id > 2 and (ok is true or (ok is false and id < 6)))",
        lambda q: q.or_("id.eq.1,and(id.gt.2,or(ok.is.true,and(ok.is.false,id.lt.6)))"),
    )


def orders() -> Iterator[Case]:
    def ordered(name: str, by: str, sort: Callable[[Query], Query]) -> Case:
        return Case(
            f"order {name}",
            lambda c: sort(things(c).select("id")),
            f"select id from things order by {by}",
        )

    yield ordered("desc", "id desc", lambda q: q.order("id", desc=True))
    yield ordered(
        "nulls first", "big nulls first, id", lambda q: q.order("big", nullsfirst=True).order("id")
    )
    yield ordered(
        "nulls last",
        "big desc nulls last, id",
        lambda q: q.order("big", desc=True, nullsfirst=False).order("id"),
    )
    yield ordered("default nulls", "big desc, id", lambda q: q.order("big", desc=True).order("id"))
    yield ordered("two", "mood, id desc", lambda q: q.order("mood").order("id", desc=True))
    yield ordered("json path", "doc->>'t', id", lambda q: q.order("doc->>t").order("id"))
    yield ordered("not selected", "price, id", lambda q: q.order("price").order("id"))


def pages() -> Iterator[Case]:
    def paged(name: str, rest: str, cut: Callable[[Query], Query]) -> Case:
        return Case(
            f"page {name}",
            lambda c: cut(things(c).select("id").order("id")),
            f"select id from things order by id {rest}",
        )

    yield paged("limit", "limit 3", lambda q: q.limit(3))
    yield paged("limit none", "limit 0", lambda q: q.limit(0))
    yield paged("offset", "offset 6", lambda q: q.offset(6))
    yield paged("limit offset", "limit 2 offset 3", lambda q: q.limit(2).offset(3))
    yield paged("range", "limit 3 offset 2", lambda q: q.range(2, 4))
    yield paged("beyond", "offset 100", lambda q: q.offset(100))


def seeded() -> Iterator[Case]:
    def contacts(name: str, sql: str, narrow: Callable[[Query], Query], who: str) -> Case:
        return Case(
            f"{who}'s contacts {name}",
            lambda c: narrow(c.schema("api").table("contacts").select("*")).order("id").limit(20),
            f"select * from api.contacts {sql} order by id limit 20",
            who,
        )

    for who in ("alice", "bob", "carol", "anon", "service_role"):
        yield contacts("all", "", lambda q: q, who)
        yield contacts(
            "customers",
            "where contact_type = 'customer'",
            lambda q: q.eq("contact_type", "customer"),
            who,
        )
        yield contacts(
            "of a company",
            "where company ilike '%acme%'",
            lambda q: q.ilike("company", "*acme*"),
            who,
        )
        yield Case(
            f"{who}'s projects, shared ones too",
            lambda c: c.schema("api").table("projects").select("id,name").order("id"),
            "select id, name from api.projects order by id limit 1000",
            who,
        )
        yield Case(
            f"{who}'s open invoices, a view",
            lambda c: c.schema("api").table("open_invoices").select("*").order("id").limit(30),
            "select * from api.open_invoices order by id limit 30",
            who,
        )
