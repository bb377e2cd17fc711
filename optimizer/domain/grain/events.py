"""A database webhook → the tags that its change touched; and whether it matters to a question.

A webhook shows whole rows, as they were and as they are: everything of them is proven.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from optimizer.domain import tags
from optimizer.domain.facts import Operation
from optimizer.domain.grain.evidence import Evidence, Values, beyond, touched
from optimizer.domain.grain.pins import key_of, value_of
from optimizer.domain.grain.schema import Relation, Schema
from optimizer.domain.language.question import Question
from optimizer.domain.query import Change
from optimizer.domain.sql.evaluate import Row, may_pass

Rows = tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Event:
    """One row's change; JSON was read with `parse_float=Decimal`. None where there is no row."""

    change: Change
    record: Mapping[str, Any] | None = None
    old_record: Mapping[str, Any] | None = None

    @property
    def rows(self) -> Rows:
        """The row before and after, as far as there is one."""
        return tuple(row for row in (self.old_record, self.record) if row is not None)

    @property
    def is_whole(self) -> bool:
        """Whether it carries every row that its operation has."""
        needs_old = self.change.operation is not Operation.INSERT
        needs_new = self.change.operation is not Operation.DELETE
        old, new = self.old_record is not None, self.record is not None
        return (old or not needs_old) and (new or not needs_new)


def of_event(event: Event, schema: Schema) -> frozenset[str]:
    """The tags that a change which has happened already touched."""
    change = event.change
    relation = schema.relations.get(change.name)
    vanishes = change.operation is Operation.DELETE
    if relation is None or not event.is_whole:
        own = frozenset({tags.of_relation(change.name)})
        return own | beyond(schema, change.name, vanishes=vanishes)
    moved = _differs(event, schema.referenced(change.name))
    found = touched(relation, _evidence(event, relation)) | _owners(event, relation)
    return found | beyond(schema, change.name, vanishes=vanishes or moved)


def may_matter(event: Event, question: Question, relation: Relation) -> bool:
    """Whether the change may show in the answer to a question about its relation.

    It cannot where neither row passes the filters: what is unknown does not pass either.
    """
    passes = any(may_pass(question.where, row, relation.kinds) for row in event.rows)
    return passes or not event.is_whole


def _evidence(event: Event, relation: Relation) -> Evidence:
    keys = [key_of(relation, row) for row in event.rows]
    known = frozenset(key for key in keys if key is not None)
    before, after = _values(event.old_record, relation), _values(event.record, relation)
    rows = known if None not in keys else None
    return Evidence(rows, before, after, _differs(event, relation.key))


def _values(row: Row | None, relation: Relation) -> dict[str, Values]:
    """The values of one row; without a row no column has any."""
    if row is None:
        return dict.fromkeys(relation.counted, frozenset())
    found = {c: value_of(relation, row, c) for c in relation.counted if c in row}
    return {
        column: frozenset() if value is None else frozenset({value})
        for column, value in found.items()
        if value is not None or row[column] is None
    }


def _owners(event: Event, relation: Relation) -> frozenset[str]:
    """A change of owner touches every owner."""
    owner = relation.declared.owner_column
    if owner not in relation.counted or not _differs(event, (owner,)):
        return frozenset()
    return frozenset({tags.of_column(relation.name, owner)})


def _differs(event: Event, columns: Iterable[str]) -> bool:
    """Whether an update changed one of these columns, as far as can be seen."""
    if event.change.operation is not Operation.UPDATE:
        return False
    old, new = event.old_record or {}, event.record or {}
    return any(c not in old or c not in new or old[c] != new[c] for c in columns)
