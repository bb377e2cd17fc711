"""Read → the tags that it holds."""

from collections.abc import Iterable
from dataclasses import dataclass

from optimizer.domain import tags
from optimizer.domain.grain.asked import Asked, asked
from optimizer.domain.grain.embeds import relations_read
from optimizer.domain.grain.pins import Pins, canonical, pins
from optimizer.domain.grain.schema import Relation, Schema
from optimizer.domain.language.question import Question, parse_question
from optimizer.domain.language.selects import aggregates
from optimizer.domain.query import Read
from optimizer.errors import QueryError


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: the `sub` of a verified token, or nothing; and whether policies hold for them."""

    subject: str = ""
    service: bool = False


SERVICE = Caller(service=True)


@dataclass(frozen=True, slots=True)
class Held:
    """The tags of a read.

    `short` are held as well where the answer shows fewer rows than the `rows` that were asked for
    by their keys: one that is missing may come. With `asked`, which is told to writers before the
    fetch, they are held where that cannot be. Stamps of both are taken before the fetch.
    """

    tags: tuple[str, ...]
    short: tuple[str, ...] = ()
    rows: int = 0
    asked: Asked | None = None


def of_read(read: Read, schema: Schema, caller: Caller) -> Held | None:
    """The tags of a read by this caller; None where it reads what is not known: not cacheable."""
    relation = schema.relations.get(read.name)
    if relation is None:
        return None if read.embeds else Held(_ordered(tags.of_relations([read.name])))
    try:
        question = parse_question(read.params)
    except QueryError:
        return None
    others = relations_read(schema, relation, question)
    if others is None:
        return None
    behind = {*others, *schema.sources_of([read.name, *others])}
    return _held(relation, question, behind, caller, asked(relation, question, read.params))


def _held(
    relation: Relation,
    question: Question,
    behind: set[str],
    caller: Caller,
    filters: Asked | None,
) -> Held:
    """Rows where the key is pinned, else one value, else the filters, else any row."""
    name, found = relation.name, pins(question, relation)
    others = (*tags.of_relations(behind), tags.of_relation(name))
    if not relation.is_fine:
        return Held(_ordered({*others, tags.of_any(name)}))
    if found.rows is not None and not aggregates(question.select):
        rows = {tags.of_row(name, key) for key in found.rows}
        return Held(_ordered({*others, *rows}), (tags.of_any(name),), len(rows))
    if values := _by_value(relation, found, caller):
        return Held(_ordered({*others, *values}))
    if filters is None:
        return Held(_ordered({*others, tags.of_any(name)}))
    held = _ordered({*others, tags.of_filters(name), filters.tag})
    return Held(held, (tags.of_any(name),), asked=filters)


def _by_value(relation: Relation, found: Pins, caller: Caller) -> tuple[str, ...]:
    """The owner's value is the best: by it one user's writes leave the others' reads alone."""
    values = {**found.values, **owned(relation, caller)}
    order = {"uuid": 0, "int": 1, "text": 2, "enum": 3, "bool": 4}
    best = min(
        values,
        key=lambda c: (c != relation.declared.owner_column, order[relation.kinds[c].name], c),
        default=None,
    )
    if best is None:
        return ()
    return (
        tags.of_value(relation.name, best, values[best]),
        tags.of_column(relation.name, best),
    )


def owned(relation: Relation, caller: Caller) -> dict[str, str]:
    """What the policy says of every row that this caller sees or makes: it is theirs."""
    column = relation.declared.owner_column
    kind = relation.counted.get(column)
    if kind is None or caller.service or not caller.subject:
        return {}
    value = canonical(kind, caller.subject)
    return {} if value is None else {column: value}


def _ordered(found: Iterable[str]) -> tuple[str, ...]:
    """One order for equal sets, because stamps are compared as one text."""
    return tuple(sorted(found))
