"""Random reads, writes and changes past the engine, over the tables of a schema."""

import json
from urllib.parse import quote

from .conditions import loose, pin, spelled
from .specs import values

CALLERS = ["alice", "bob", "service"]


def rows(random, spec):
    """INSERT statements that fill a world."""
    for table in spec.tables:
        if not table.view_of:
            for _ in range(random.randint(3, 6)):
                yield _insert(table, {c: random.choice(values(c)) for c in table.all_columns})


def _insert(table, row):
    names, found = ", ".join(row), ", ".join(_literal(v, c) for c, v in row.items())
    return f"insert into w.{table.name} ({names}) values ({found}) on conflict do nothing"


def _literal(value, column):
    if value is None:
        return "null"
    if column == "doc":
        text = json.dumps(value)
    elif isinstance(value, list):
        text = "{" + ",".join("NULL" if one is None else str(one) for one in value) + "}"
    else:
        text = str(value)
    return "'" + text.replace("'", "''") + "'"


def url(table, pairs):
    """A path and a query string."""
    return f"{table.name}?{'&'.join(f'{quote(n)}={quote(v)}' for n, v in pairs)}"


def pinned(random, table, *, keyed):
    """Filters that pin a key or a value."""
    if random.chance(keyed):
        return [pin(random, column) for column in table.key]
    return [pin(random, random.choice(table.readable))]


def read(random, spec):
    """Who asks what, how, as (caller, URL, preferences)."""
    table = random.choice([*spec.tables, *spec.tables[1:]])
    pairs, folds = _select(random, spec, table)
    if random.chance(50):
        pairs += pinned(random, table, keyed=50)
    pairs += [loose(random, table) for _ in range(random.choice([0, 1, 1, 2]))]
    if random.chance(20) and not folds:
        pairs += [("order", ",".join(table.key)), ("limit", random.choice(["1", "2"]))]
        pairs += [("offset", "1")] if random.chance(30) else []
    prefer = "count=exact" if random.chance(20) and not folds else ""
    return random.choice(CALLERS), url(table, pairs), prefer


def _select(random, spec, table):
    """The parameters that say what is shown, and whether that folds rows."""
    what = random.choice(["*", "*", "two", "count", "embed", "embed", "size"])
    key = ",".join(table.key)
    if what == "size" and spec.sized[0] == table.name:
        return [("select", f"{key},size")], False
    if what == "count":
        return [("select", random.choice(["count()", f"{table.key[0]}.max(),count()"]))], True
    if what == "two":
        return [("select", _shown(random, table, ["{},{}", "a:{},{}::text"]))], False
    ways = list(_embeds(spec, table)) if what == "embed" else []
    return _embedding(random, spec, key, random.choice(ways)) if ways else ([], False)


def _embedding(random, spec, key, way):
    target, head = way
    other = spec.table(target)
    column = random.choice(other.readable)
    shape = random.choice(["{}({})", "{}!inner({})", "...{}({})", "{}({},count())", "a:{}({})"])
    if shape.startswith("...") and head in ("many", ""):
        shape = "{}({})"
    pairs = [("select", f"{key},{shape.format(head, column)}")]
    label = "a" if shape.startswith("a:") else head.partition("!")[0]
    if random.chance(25) and not shape.startswith("..."):
        pairs += [(f"{label}.{column}", f"eq.{spelled(random, column, None)}")]
    elif random.chance(15) and not shape.startswith("..."):
        pairs += [(label, random.choice(["is.null", "not.is.null"]))]
    return pairs, "count()" in shape


def _embeds(spec, table):
    """What may be embedded in a table: (its name, how it is named)."""
    for reference in table.references:
        yield reference.target, reference.target
        yield reference.target, f"{reference.target}!{reference.columns[0]}"
        if len(reference.columns) == 1:
            yield reference.target, reference.columns[0]
    for other in spec.tables:
        for reference in other.references:
            if reference.target == table.name:
                yield other.name, other.name
                yield other.name, f"{other.name}!{reference.columns[0]}"
                yield from ((r.target, f"{r.target}!{other.name}") for r in other.references)


def _shown(random, table, shapes):
    first, second = (random.sample(table.readable, 2) * 2)[:2]
    return random.choice(shapes).format(first, second)


def _row(random, table, *, whole=False):
    """A payload; a PATCH carries a key only now and then."""
    columns = table.all_columns
    chosen = columns if whole else random.sample(columns, random.choice([1, 1, 2, 3]))
    if not whole and random.chance(70):
        chosen = [c for c in chosen if c not in table.key]
    return {c: random.choice(values(c)) for c in chosen}


def write(random, spec):
    """Who writes what, as (caller, method, URL, body, preferences)."""
    caller, table = random.choice(CALLERS), random.choice([*spec.tables, *spec.tables[1:]])
    prefer = random.choice([["return=representation"]] * 3 + [["return=minimal"], []])
    method = random.choice(["POST", "POST", "UPSERT", *["PATCH"] * 4, "PUT", "DELETE", "RPC"])
    pairs = _returned(random, table) if "return=representation" in prefer else []
    if method == "RPC":
        return caller, "POST", "rpc/tidy", b"{}", ""
    if method == "PUT":
        return _put(random, caller, table, pairs, prefer)
    if method in ("POST", "UPSERT"):
        return _post(random, caller, table, pairs, prefer, merges=method == "UPSERT")
    pairs += pinned(random, table, keyed=60) if random.chance(80) else [loose(random, table)]
    body = _patch(random, table, pairs) if method == "PATCH" else None
    return caller, method, url(table, pairs), _body(body), ",".join(prefer)


def _patch(random, table, pairs):
    """Now and then it moves rows away from what they were found by."""
    body, names = _row(random, table), [n for n, _ in pairs if n in table.all_columns]
    if names and random.chance(30):
        name = random.choice(names)
        body[name] = random.choice(values(name))
    return body


def _put(random, caller, table, pairs, prefer):
    body = _row(random, table, whole=True)
    pairs = [*pairs, *((c, f"eq.{body[c]}") for c in table.key)]
    return caller, "PUT", url(table, pairs), _body(body), ",".join(prefer)


def _post(random, caller, table, pairs, prefer, *, merges):
    body = _rows(random, table, fresh=not merges)
    if random.chance(15):
        pairs = [*pairs, ("columns", ",".join(random.sample(table.all_columns, 3)))]
    if random.chance(15):
        prefer = [*prefer, "missing=default"]
    if merges:
        targets = ["", ",".join(table.key)] + (["other"] if "other" in table.columns else [])
        target = random.choice(targets)
        pairs = [*pairs, ("on_conflict", target)] if target else pairs
        resolution = random.choice(["merge", "merge", "ignore"])
        prefer = [*prefer, f"resolution={resolution}-duplicates"]
    return caller, "POST", url(table, pairs), _body(body), ",".join(prefer)


def _rows(random, table, *, fresh):
    """Rows of equal columns; fresh ones are not likely to be there already."""
    columns = dict.fromkeys(_row(random, table, whole=random.chance(60)))
    if len(table.key) > 1 or random.chance(70):
        columns |= dict.fromkeys(table.key)
    found = [
        {c: random.choice(values(c)) for c in columns} for _ in range(random.choice([1, 1, 3]))
    ]
    for row in found:
        if fresh and "id" in row:
            row["id"] = random.randint(1, 14)
    return found


def _returned(random, table):
    if random.chance(60):
        return []
    return [("select", _shown(random, table, ["{},{}", "{}:{}", "*,{}:{}", "{}::text,{}"]))]


def _body(value):
    return b"" if value is None else json.dumps(value).encode()


def past(random, spec):
    """SQL that changes rows past the engine and returns what their webhooks say; and its table."""
    table = random.choice([t for t in spec.tables if not t.view_of])
    key = random.choice(table.key)
    where = f"{key} = {_literal(random.choice([v for v in values(key) if v is not None]), key)}"
    column = random.choice(table.all_columns)
    value = _literal(random.choice(values(column)), column)
    old, new = "to_jsonb(old)::text", "to_jsonb(new)::text"
    sql = random.choice(
        [f"update w.{table.name} set {column} = {value} where {where} returning 'update', {new}, "
         f"{old}",
         f"delete from w.{table.name} where {where} returning 'delete', null, {old}"]
    )  # fmt: skip
    return table.name, sql
