"""Reads, writes and webhooks as requests, over one schema, and whether a write ends a read."""

import json
from dataclasses import replace

from optimizer.cache.served import Terms
from optimizer.domain.answer import Answer
from optimizer.domain.facts import Operation
from optimizer.domain.grain.events import Event, of_event
from optimizer.domain.grain.reading import Caller, of_read
from optimizer.domain.grain.requests import write_of
from optimizer.domain.grain.schema import Declared, ForeignKey, Relation, Routine, Schema
from optimizer.domain.grain.writing import narrowed, widest
from optimizer.domain.query import Change, parse
from optimizer.domain.sql.documents import loads
from optimizer.domain.sql.kinds import kind_of

NONE = frozenset()
CLOSED = Declared(sources=NONE, targets=NONE, rewritten=NONE, exact_text=True)
ALICE, BOB, SERVICE = Caller("alice"), Caller("bob"), Caller(service=True)
ROOT = "/rest/v1/"


def relation(name, columns, key=("id",), keys=(), **declared):
    """A relation of `api`, closed but for what is said otherwise."""
    kinds = {}
    for part in columns.split():
        column, form = part.split(":")
        kinds[column] = kind_of(form)
    foreign = tuple(ForeignKey((own,), f"api.{to}", ("id",)) for own, to in keys)
    return Relation(f"api.{name}", kinds, key, foreign, replace(CLOSED, **declared))


def schema(*relations, routines=None, keys_complete=True):
    """A schema of these relations."""
    return Schema({r.name: r for r in relations}, routines or {}, keys_complete)


CRM = schema(
    relation(
        "contacts",
        "id:int8 owner_id:text status:text age:int4 ok:bool price:numeric made:timestamptz",
        owner_column="owner_id",
    ),
    relation("projects", "id:int8 contact_id:int8 name:text", keys=[("contact_id", "contacts")]),
    relation("tasks", "id:int8 project_id:int8 title:text", keys=[("project_id", "projects")]),
    relation("labels", "id:int8 name:text"),
    relation(
        "projects_labels",
        "project_id:int8 label_id:int8",
        ("project_id", "label_id"),
        [("project_id", "projects"), ("label_id", "labels")],
    ),
    relation("notes", "id:int8 status:text team:int8"),
    routines={"api.bump": Routine(writes=frozenset({"api.notes"})), "api.total": Routine(NONE)},
)


def changed(base, name, **declared):
    """The schema with something else declared of one relation."""
    old = base.relations[f"api.{name}"]
    new = replace(old, declared=replace(old.declared, **declared))
    return replace(base, relations={**base.relations, old.name: new})


def showing(rows):
    """An answer to a read that shows so many rows; None: nobody counted them."""
    span = "*/*" if rows == 0 else f"0-{(rows or 0) - 1}/*"
    return Answer(200, () if rows is None else (("content-range", span),), b"")


def terms(held):
    """The terms on which the cache keeps a read that holds these tags."""
    return Terms(
        held.tags, ttl=60.0, max_entries=10, short=held.short, rows=held.rows, asked=held.asked
    )


def kept(held, given):
    """The tags of the entry that the cache keeps of an answer."""
    on = terms(held)
    return set(on.widest if on.is_short(given) else on.tags)


class Asked:
    """A read that was answered with so many rows; `ended_by` says whether tags end what is kept."""

    def __init__(self, url, shown=1, caller=ALICE, over=CRM, **headers):
        path, _, query = url.partition("?")
        self.read = parse("GET", ROOT + path, query, {"accept-profile": "api", **headers})
        self.held = of_read(self.read, over, caller)
        self.tags = None if self.held is None else kept(self.held, showing(shown))
        self.texts = [self.held.asked.text] if self.held and self.held.asked else []

    def ended_by(self, touched):
        """Whether the read holds one of these tags."""
        return bool(self.tags & set(touched))


class Written:
    """A write: what its marker covers, and what its answer leaves of that."""

    def __init__(self, method, url, body=None, rows=None, caller=SERVICE, over=CRM, **more):
        path, _, query = url.partition("?")
        prefer = more.pop("prefer", "")
        if rows is not None:
            prefer = f"{prefer},return=representation"
        headers = {"content-profile": "api", "prefer": prefer, "content-type": "application/json"}
        headers |= {name.replace("_", "-"): value for name, value in more.items()}
        change = parse(method, ROOT + path, query, headers)
        content = body if isinstance(body, bytes) else b"" if body is None else encoded(body)
        self.write = write_of(change, query, headers, content, caller, method)
        self.over = over
        self.widest = widest(self.write, over)
        self.answer = answer(201 if method == "POST" else 200, rows)
        self.narrowed = self.after(self.answer)

    def after(self, given):
        """The tags that are left when this answer came."""
        return narrowed(self.write, self.over, given)

    def ends(self, read):
        """Whether it ends a read whose filters are known to whoever writes."""
        assert read.ended_by(self.widest), "the marker must cover whatever the answer leaves"
        return read.ended_by(narrowed(self.write, self.over, self.answer, read.texts))


def encoded(value):
    """A value as a JSON body."""
    return json.dumps(value).encode()


def answer(status, rows):
    """PostgREST's answer to a write; None: it shows no rows."""
    kind = (("content-type", "application/json; charset=utf-8"),)
    return Answer(status, kind, b"") if rows is None else Answer(status, kind, encoded(rows))


def webhook(operation, table, new=None, old=None, over=CRM, texts=None):
    """The tags of a webhook; `texts` are the filters that are known."""
    change = Change("api", table, Operation(operation))
    as_sent = (None if row is None else loads(encoded(row)) for row in (new, old))
    return of_event(Event(change, *as_sent), over, texts)


def unordered(value):
    """Where no order is asked for, an update may move rows."""
    if isinstance(value, dict):
        return {name: unordered(item) for name, item in value.items()}
    if isinstance(value, list):
        return sorted(map(unordered, value), key=lambda item: json.dumps(item, default=str))
    return value
