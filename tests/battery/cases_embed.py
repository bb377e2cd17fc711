"""Reads of several relations and calls of functions, each beside the SQL of its answer."""

from collections.abc import Iterator

from tests.battery.cases_read import Case

PARTS = "(select coalesce(json_agg(p order by p.id), '[]') from (select {what} from parts where thing_id = t.id {more}) p)"
LABELS = (
    "(select coalesce(json_agg(l order by l.id), '[]') from (select {what} from labels "
    "join things_labels on label_id = labels.id where thing_id = t.id) l)"
)


def parts(what: str = "id, name", more: str = "") -> str:
    """A thing's parts as JSON."""
    return PARTS.format(what=what, more=more)


def embedded(name: str, columns: str, sql: str, more: str = "", order: str = "t.id") -> Case:
    """Things with something embedded."""
    return Case(
        f"embed {name}",
        lambda c: c.table("things").select(columns).order("id"),
        f"select {sql} from things t {more} order by {order}",
    )


def all_cases() -> Iterator[Case]:
    """Every read that crosses relations, and every call."""
    yield from to_many()
    yield from to_one()
    yield from many_to_many()
    yield from narrowed()
    yield from spreads()
    yield from calls()
    yield from seeded()


def to_many() -> Iterator[Case]:
    hint = "parts!parts_thing"
    yield embedded("to-many", f"id,{hint}(id,name)", f"t.id, {parts()} as parts")
    yield embedded("alias", f"id,p:{hint}(id)", f"t.id, {parts('id')} as p")
    yield embedded("all columns", f"id,{hint}(*)", f"t.id, {parts('*')} as parts")
    yield embedded(
        "json and cast inside",
        f"id,{hint}(n:id::text)",
        f"t.id, {PARTS.format(what='id::text as n, id', more='').replace('json_agg(p order by p.id)', 'json_agg(json_build_object($$n$$, p.n) order by p.id)')} as parts",
    )
    yield embedded("hint by column", "id,parts!thing_id(id,name)", f"t.id, {parts()} as parts")
    yield embedded(
        "twice under aliases",
        "id,own:parts!parts_thing(id),spares:parts!parts_spare(id)",
        f"t.id, {parts('id')} as own, "
        "(select coalesce(json_agg(p order by p.id), '[]') from (select id from parts where spare_for = t.id) p) as spares",
    )
    yield embedded(
        "to-many of the same relation",
        "id,children:things!parent_id(id)",
        "t.id, (select coalesce(json_agg(k order by k.id), '[]') from (select id from things where parent_id = t.id) k) as children",
    )
    yield embedded("nothing inside", f"id,{hint}()", "t.id")
    yield embedded("a function of the row", "id,parts_of(id)", f"t.id, {parts('id')} as parts_of")


def to_one() -> Iterator[Case]:
    yield Case(
        "embed to-one",
        lambda c: c.table("parts").select("id,things!parts_thing(id,name)").order("id"),
        "select p.id, json_build_object('id', t.id, 'name', t.name) as things "
        "from parts p join things t on t.id = p.thing_id order by p.id",
    )
    yield Case(
        "embed to-one by its column",
        lambda c: c.table("parts").select("id,thing:thing_id(name)").order("id"),
        "select p.id, json_build_object('name', t.name) as thing "
        "from parts p join things t on t.id = p.thing_id order by p.id",
    )
    yield Case(
        "embed to-one that may be missing",
        lambda c: c.table("parts").select("id,spare:spare_for(id)").order("id"),
        "select p.id, case when t.id is not null then json_build_object('id', t.id) end as spare "
        "from parts p left join things t on t.id = p.spare_for order by p.id",
    )
    yield Case(
        "embed two levels",
        lambda c: c.table("parts").select("id,thing:thing_id(id,mother:parent_id(id))").order("id"),
        "select p.id, json_build_object('id', t.id, 'mother', case when m.id is not null then "
        "json_build_object('id', m.id) end) as thing from parts p join things t on t.id = p.thing_id "
        "left join things m on m.id = t.parent_id order by p.id",
    )
    yield Case(
        "order by a to-one column",
        lambda c: (
            c.table("parts").select("id,thing:thing_id(name)").order("thing(name)").order("id")
        ),
        "select p.id, json_build_object('name', t.name) as thing from parts p "
        "join things t on t.id = p.thing_id order by t.name, p.id",
    )


def many_to_many() -> Iterator[Case]:
    labels = LABELS.format(what="labels.id, labels.name")
    yield embedded("many-to-many", "id,labels(id,name)", f"t.id, {labels} as labels")
    yield embedded(
        "many-to-many and to-many together",
        "id,labels(id,name),parts!parts_thing(id,name)",
        f"t.id, {labels} as labels, {parts()} as parts",
    )
    yield Case(
        "embed many-to-many from the other side",
        lambda c: c.table("labels").select("name,things(id)").order("id"),
        "select l.name, (select coalesce(json_agg(json_build_object('id', t.id) order by t.id), '[]') "
        "from things t join things_labels x on x.thing_id = t.id where x.label_id = l.id) as things "
        "from labels l order by l.id",
    )
    yield Case(
        "embed the junction itself",
        lambda c: (
            c.table("things_labels")
            .select("thing_id,labels(name)")
            .order("thing_id")
            .order("label_id")
        ),
        "select x.thing_id, json_build_object('name', l.name) as labels from things_labels x "
        "join labels l on l.id = x.label_id order by x.thing_id, x.label_id",
    )


def narrowed() -> Iterator[Case]:
    hint = "parts!parts_thing"
    some = parts(more="and weight > 10")
    yield Case(
        "embed with a filter inside",
        lambda c: (
            c.table("things").select(f"id,{hint}(id,name)").gt("parts.weight", 10).order("id")
        ),
        f"select t.id, {some} as parts from things t order by t.id",
    )
    yield Case(
        "embed inner",
        lambda c: (
            c.table("things").select(f"id,{hint}!inner(id,name)").gt("parts.weight", 10).order("id")
        ),
        f"select t.id, {some} as parts from things t where exists "
        "(select from parts where thing_id = t.id and weight > 10) order by t.id",
    )
    yield Case(
        "embed inner to-one",
        lambda c: (
            c.table("parts")
            .select("id,things!parts_thing!inner(name)")
            .eq("things.name", "alpha")
            .order("id")
        ),
        "select p.id, json_build_object('name', t.name) as things from parts p "
        "join things t on t.id = p.thing_id and t.name = 'alpha' order by p.id",
    )
    yield Case(
        "embed ordered and limited inside",
        lambda c: (
            c.table("things")
            .select(f"id,{hint}(id)")
            .order("id")
            .order("id", desc=True, foreign_table="parts")
            .limit(1, foreign_table="parts")
        ),
        "select t.id, (select coalesce(json_agg(p), '[]') from (select id from parts "
        "where thing_id = t.id order by id desc limit 1) p) as parts from things t order by t.id",
    )
    yield Case(
        "embed with a tree inside",
        lambda c: (
            c.table("things")
            .select(f"id,{hint}(id,name)")
            .or_("name.eq.door,weight.lt.15", reference_table="parts")
            .order("id")
        ),
        f"select t.id, {parts(more='and (name = $$door$$ or weight < 15)')} as parts from things t order by t.id",
    )
    yield Case(
        "those without anything embedded",
        lambda c: c.table("things").select(f"id,{hint}()").is_("parts", "null").order("id"),
        "select t.id from things t where not exists (select from parts where thing_id = t.id) order by t.id",
    )
    yield Case(
        "those with something embedded",
        lambda c: c.table("things").select(f"id,{hint}()").not_.is_("parts", "null").order("id"),
        "select t.id from things t where exists (select from parts where thing_id = t.id) order by t.id",
    )


def spreads() -> Iterator[Case]:
    yield Case(
        "spread to-one",
        lambda c: c.table("parts").select("id,...things!parts_thing(thing:name,mood)").order("id"),
        "select p.id, t.name as thing, t.mood from parts p join things t on t.id = p.thing_id order by p.id",
    )
    yield Case(
        "spread with an embed inside",
        lambda c: c.table("parts").select("id,...things!parts_thing(labels(id))").order("id"),
        "select p.id, (select coalesce(json_agg(l order by l.id), '[]') from (select label_id as id "
        "from things_labels where thing_id = p.thing_id) l) as labels from parts p order by p.id",
    )


def calls() -> Iterator[Case]:
    yield Case(
        "call setof",
        lambda c: c.rpc("things_like", {"pattern": "%eta"}).select("id,name").order("id"),
        "select id, name from things_like('%eta') order by id",
    )
    yield Case(
        "call setof filtered",
        lambda c: (
            c.rpc("things_like", {"pattern": "%a%"})
            .select("id")
            .eq("ok", "true")
            .order("id")
            .limit(2)
        ),
        "select id from things_like('%a%') where ok = true order by id limit 2",
    )
    yield Case(
        "call setof by get",
        lambda c: c.rpc("things_like", {"pattern": "%eta"}, get=True).select("id").order("id"),
        "select id from things_like('%eta') order by id",
    )
    yield Case(
        "call with embed",
        lambda c: c.rpc("things_like", {"pattern": "alpha"}).select("id,labels(id)"),
        'select 1 as id, \'[{"id":1},{"id":2}]\'::json as labels',
    )
    yield Case(
        "call table",
        lambda c: c.rpc("pairs", {}).order("x", desc=True),
        "select x, y from pairs() order by x desc",
    )
    yield Case(
        "call table selected",
        lambda c: c.rpc("pairs", {}).select("y").gt("x", 1).order("x"),
        "select y from pairs() where x > 1 order by x",
    )


def seeded() -> Iterator[Case]:
    for who in ("alice", "bob", "carol", "anon"):
        yield Case(
            f"{who}'s invoices with their contact",
            lambda c: (
                c.schema("api")
                .table("invoices")
                .select("number,contacts(name)")
                .order("number")
                .limit(15)
            ),
            "select i.number, case when c.id is not null then json_build_object('name', c.name) end as contacts "
            "from api.invoices i left join api.contacts c on c.id = i.contact_id order by i.number limit 15",
            who,
        )
        yield Case(
            f"{who}'s organisations with their members",
            lambda c: (
                c.schema("api")
                .table("organisations")
                .select("name,memberships(role)")
                .order("name")
            ),
            "select o.name, (select coalesce(json_agg(json_build_object('role', m.role)), '[]') from "
            "api.memberships m where m.organisation_id = o.id) as memberships from api.organisations o order by o.name",
            who,
        )
