"""Random reads, writes and changes past the engine, over the tables of `worlds`."""

import json

UIDS = [f"00000000-0000-0000-0000-00000000000{n}" for n in range(6)]
VALUES = {
    "id": [1, 2, 3, 4, 5, 6],
    "team": [1, 2, 3, None],
    "name": ["ann", "Bob", "a_b", "", "x,y", None],
    "mood": ["sad", "ok", "happy", None],
    "ok": [True, False, None],
    "uid": UIDS,
    "owner": ["alice", "bob", "bob"],
    "score": [0, 1.5, 2],
    "code": ["new", "ab", "ab ", None],
    "who": ["alice", "bob"],
    "title": ["todo", "done", None],
    "rank": [1, 2, None],
    "person_id": [1, 2, 3, 4, None],
    "label_id": [1, 2, 3],
    "twice": [2, 4],
}
COLUMNS = {
    "people": ["id", "team", "name", "mood", "ok", "uid", "owner", "score", "code"],
    "members": ["who", "team"],
    "tasks": ["id", "title", "rank", "person_id"],
    "labels": ["id", "name"],
    "people_labels": ["person_id", "label_id"],
    "busy": ["id", "team", "name"],
}
KEYS = {"members": ["who", "team"], "people_labels": ["person_id", "label_id"]}
EMBEDS = {
    "people": ["tasks(id,title)", "labels(name)", "tasks!inner(rank)", "people_labels(*)",
               "tasks(count())", "labels!people_labels(id)"],
    "tasks": ["people(name,team)", "person_id(id)", "...people(team)",
              "people!inner(id,labels(name))"],
    "labels": ["people(id)", "people_labels(person_id)"],
    "people_labels": ["people(name)", "labels(name)"],
}  # fmt: skip
TABLES = [
    "people",
    "people",
    "people",
    "tasks",
    "tasks",
    "labels",
    "people_labels",
    "members",
    "busy",
]


def rows(random):
    """INSERT statements that fill a world."""
    for table, number in (("people", 6), ("members", 3), ("tasks", 6), ("labels", 4)):
        for n in range(1, number + 1):
            row = {c: random.choice(VALUES[c]) for c in COLUMNS[table]}
            yield _insert(table, {**row, **_own_key(table, n)})
    for n in range(4):
        yield _insert("people_labels", {"person_id": n % 3 + 1, "label_id": n // 2 + 1})


def _own_key(table, n):
    if table in KEYS:
        return {"team": n}
    return {"id": n} | ({"uid": UIDS[n - 1]} if table == "people" else {})


def _insert(table, row):
    names, values = ", ".join(row), ", ".join(map(_literal, row.values()))
    return f"insert into w.{table} ({names}) values ({values}) on conflict do nothing"


def _literal(value):
    return "null" if value is None else "'" + str(value).replace("'", "''") + "'"


def spelled(random, column, value):
    """One of several spellings of a value in a filter."""
    if value is None:
        value = VALUES[column][0]
    if isinstance(value, bool):
        return random.choice(["true", "t", "on"] if value else ["false", "f", "off"])
    if isinstance(value, int):
        return random.choice([str(value), f"0{value}"])
    if column == "uid":
        return random.choice([value, value.upper(), value.replace("-", "")])
    return str(value)


def pinned(random, table, *, keyed=0.5):
    """Filters that pin a key or a value, or nothing at all."""
    if random.random() < keyed:
        return [_pin(random, column) for column in KEYS.get(table, ["id"])]
    column = random.choice([*COLUMNS[table], *(["twice"] if table == "people" else [])])
    return [f"{column}=eq.{spelled(random, column, random.choice(VALUES[column]))}"]


def _pin(random, column):
    if random.random() < 0.7:
        return f"{column}=eq.{spelled(random, column, random.choice(VALUES[column]))}"
    chosen = [spelled(random, column, random.choice(VALUES[column])) for _ in range(2)]
    return f"{column}=in.({','.join(chosen)})"


def loose(random, table):
    """A filter that pins nothing."""
    column = random.choice(COLUMNS[table])
    text = spelled(random, column, random.choice(VALUES[column])).replace(",", "")
    return random.choice(
        [f"{column}=is.null", f"{column}=not.is.null", f"{column}=neq.{text}",
         f"{column}=gt.{text}",
         f"or=({column}.eq.{text},{column}.is.null)", f"{column}=not.eq.{text}",
         f"{column}=isdistinct.{text}", f"{column}=lte.{text}", f"{column}=like.*b*"]
    )  # fmt: skip


def read(random):
    """Who asks what, as (caller, URL)."""
    table = random.choice(TABLES)
    parts = [_select(random, table)]
    if random.random() < 0.7:
        parts += pinned(random, table)
    if random.random() < 0.3:
        parts.append(loose(random, table))
    if random.random() < 0.2 and "count()" not in parts[0]:
        parts.append(f"order={','.join(KEYS.get(table, ['id']))}&limit={random.choice([1, 2])}")
    return random.choice(["alice", "bob", "service"]), f"{table}?{'&'.join(filter(None, parts))}"


def _select(random, table):
    chance = random.random()
    if chance < 0.3 and table in EMBEDS:
        return f"select={','.join(KEYS.get(table, ['id']))},{random.choice(EMBEDS[table])}"
    if chance < 0.4:
        return "select=count()"
    if chance < 0.6:
        return f"select={','.join(random.sample(COLUMNS[table], 2))}"
    return ""


def _row(random, table, *, whole=False):
    """A payload; a PATCH carries a key only now and then."""
    columns = COLUMNS[table]
    count = len(columns) if whole else random.choice([1, 1, 2, 3])
    chosen = columns if whole else random.sample(columns, min(count, len(columns)))
    if not whole and random.random() < 0.7:
        chosen = [c for c in chosen if c not in KEYS.get(table, ["id"])]
    return {c: random.choice(VALUES[c]) for c in chosen}


def write(random):
    """Who writes what, as (caller, method, URL, body, headers)."""
    caller = random.choice(["alice", "bob", "service"])
    table, shows = random.choice(TABLES), random.random() < 0.6
    prefer = ["return=representation"] if shows else []
    method = random.choice(
        ["POST", "POST", "UPSERT", "PATCH", "PATCH", "PATCH", "PUT", "DELETE", "RPC"]
    )
    if method == "RPC":
        return (caller, "POST", "rpc/tidy", b"{}", "") if random.random() < 0.3 else write(random)
    parts = [_shown(random, table)] if shows else []
    if method in ("POST", "UPSERT"):
        extra, more = _upsert(random, table) if method == "UPSERT" else ([], [])
        body = _rows(random, table, fresh=method == "POST")
        return caller, "POST", _url(table, parts + extra), _body(body), ",".join(prefer + more)
    if method == "PUT":
        body = _row(random, table, whole=True)
        parts += [f"{c}=eq.{body[c]}" for c in KEYS.get(table, ["id"])]
        return caller, "PUT", _url(table, parts), _body(body), ",".join(prefer)
    parts += pinned(random, table, keyed=0.7)
    body = _body(_row(random, table)) if method == "PATCH" else b""
    return caller, method, _url(table, parts), body, ",".join(prefer)


def _rows(random, table, *, fresh):
    """Rows of equal columns; fresh ones are not likely to be there already."""
    columns = dict.fromkeys(_row(random, table, whole=random.random() < 0.6))
    if table in KEYS or random.random() < 0.7:
        columns |= dict.fromkeys(KEYS.get(table, ["id"]))
    if fresh:
        columns.pop("uid", None)
    rows = [{c: random.choice(VALUES[c]) for c in columns} for _ in range(random.choice([1, 1, 3]))]
    for row in rows:
        if fresh and "id" in row:
            row["id"] = random.randint(1, 14)
    return rows


def _shown(random, table):
    if random.random() < 0.6:
        return ""
    one, other = random.sample(COLUMNS[table], 2)
    shapes = ["{},{}", "{}:{}", "*,{}:{}", "{}::text,{}"]
    return f"select={random.choice(shapes).format(one, other)}"


def _upsert(random, table):
    resolution = random.choice(["merge", "merge", "ignore"])
    targets = [None, ",".join(KEYS.get(table, ["id"]))] + (["uid"] if table == "people" else [])
    target = random.choice(targets)
    extra = [] if target is None else [f"on_conflict={target}"]
    return extra, [f"resolution={resolution}-duplicates"]


def _url(table, parts):
    return f"{table}?{'&'.join(filter(None, parts))}"


def _body(value):
    return json.dumps(value).encode()


def past(random):
    """SQL that changes rows past the engine and returns what their webhooks say; and its table."""
    table = random.choice(["people", "people", "tasks", "labels", "members"])
    key = KEYS.get(table, ["id"])[-1]
    where = f"{key} = {random.choice([1, 2, 3])}"
    column = random.choice(COLUMNS[table])
    value = _literal(random.choice(VALUES[column]))
    said = "to_jsonb(new)::text, to_jsonb(old)::text"
    sql = random.choice(
        [f"update w.{table} set {column} = {value} where {where} returning 'update', {said}",
         f"delete from w.{table} where {where} returning 'delete', null, to_jsonb(old)::text"]
    )  # fmt: skip
    return table, sql
