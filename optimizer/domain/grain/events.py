"""A database webhook → the tags that its change touched.

A webhook shows whole rows, as they were and as they are: everything of them is proven.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from optimizer.domain import tags
from optimizer.domain.facts import Operation
from optimizer.domain.grain.asked import MOST_TESTED, Texts
from optimizer.domain.grain.evidence import Evidence, beyond, touched
from optimizer.domain.grain.pins import Values, key_of, value_of
from optimizer.domain.grain.schema import Relation, Schema
from optimizer.domain.query import Change
from optimizer.domain.sql.evaluate import Row

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


def of_event(event: Event, schema: Schema, texts: Texts | None = None) -> frozenset[str]:
    """The tags that a change which has happened already touched.

    `texts` are the filters by which reads of its relation are kept, where they are known. A
    partition's change is its table's as well, and which that is nobody says.
    """
    change = event.change
    relation = schema.relations.get(change.name)
    vanishes = change.operation is Operation.DELETE
    if relation is None or not event.is_whole:
        hidden = {tags.EVERYTHING} if schema.hides(change.name) else set()
        own = frozenset({tags.of_relation(change.name), *hidden})
        return own | beyond(schema, change.name, vanishes=vanishes)
    event = replace(
        event, record=_sure(event.record, relation), old_record=_sure(event.old_record, relation)
    )
    moved = _differs(event, schema.referenced(change.name))
    found = touched(relation, _evidence(event, relation), texts) | _owners(event, relation)
    return found | beyond(schema, change.name, vanishes=vanishes or moved)


def of_events(
    events: Sequence[Event], schema: Schema, texts: Mapping[str, Texts]
) -> frozenset[str]:
    """The tags of several changes; `texts` by relation, not used where there are too many."""
    many = Counter(event.change.name for event in events)
    light = {name: t for name, t in texts.items() if 2 * many[name] * len(t) <= MOST_TESTED}
    each = (of_event(event, schema, light.get(event.change.name)) for event in events)
    return frozenset().union(*each)


def fine_of(events: Iterable[Event], schema: Schema) -> frozenset[str]:
    """The relations of these changes whose reads may be kept by filters."""
    names = frozenset(event.change.name for event in events)
    return frozenset(n for n in names if (r := schema.relations.get(n)) is not None and r.is_fine)


def _sure(row: Row | None, relation: Relation) -> Row | None:
    """A row without what is NULL in a trigger alone: virtual columns are not generated there."""
    if row is None:
        return None
    return {c: v for c, v in row.items() if v is not None or not relation.may_rewrite(c)}


def _evidence(event: Event, relation: Relation) -> Evidence:
    keys = [key_of(relation, row) for row in event.rows]
    known = frozenset(key for key in keys if key is not None)
    before, after = _values(event.old_record, relation), _values(event.record, relation)
    rows = known if None not in keys else None
    return Evidence(rows, before, after, _differs(event, relation.key), event.rows)


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
