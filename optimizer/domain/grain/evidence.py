"""What is proven of a write: its rows, and each column's values before and after → tags."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from optimizer.domain import tags
from optimizer.domain.grain.asked import Texts, concerned
from optimizer.domain.grain.pins import Key, Row, Values
from optimizer.domain.grain.schema import Relation, Schema

MOST_VALUES = 50  # of one column that are told apart in one write

NOTHING: Values = frozenset()


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is proven of the rows of one relation that a write may have touched.

    `rows`: the keys of all that stood before or stand now; None where that is not known. New rows
    need none: who asked for one before it stood holds `any`. `before` and `after`: the values of a
    column in all those rows; a column that is missing is not proven. NULL is no value. `seen`:
    all those rows, each as it was and as it is, as far as that is sure; None where not all show.
    """

    rows: frozenset[Key] | None
    before: Mapping[str, Values] = field(default_factory=dict)
    after: Mapping[str, Values] = field(default_factory=dict)
    new_key: bool = False  # a primary key may have changed
    seen: tuple[Row, ...] | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """The tags that a write touched, and the columns that its answer shows otherwise than declared:
    then nothing finer than the relation is believed."""

    touched: frozenset[str]
    doubted: frozenset[str] = frozenset()


def touched(relation: Relation, evidence: Evidence, texts: Texts | None = None) -> frozenset[str]:
    """The tags of the relation itself; `texts` are the filters by which reads of it are kept."""
    name = relation.name
    if not relation.is_fine or evidence.rows is None:
        return frozenset({tags.of_relation(name)})
    rows = {tags.of_row(name, key) for key in evidence.rows}
    values = (t for column in relation.counted for t in _values(name, column, evidence))
    filters = _filters(relation, evidence, texts)
    others = (tags.of_column(name, column) for column in relation.perhaps)
    return frozenset({tags.of_any(name), *filters, *rows, *values, *others})


def _filters(relation: Relation, evidence: Evidence, texts: Texts | None) -> Iterable[str]:
    found = None
    if evidence.seen is not None and texts is not None:
        found = concerned(relation, evidence.seen, texts)
    return (tags.of_filters(relation.name),) if found is None else found


def _values(name: str, column: str, evidence: Evidence) -> Iterable[str]:
    before, after = evidence.before.get(column), evidence.after.get(column)
    if before is None or after is None or evidence.new_key:
        return (tags.of_column(name, column),)
    if len(before | after) > MOST_VALUES:
        return (tags.of_column(name, column),)
    return (tags.of_value(name, column, value) for value in before | after)


def beyond(schema: Schema, relation: str, *, vanishes: bool) -> frozenset[str]:
    """The tags of what else a write reaches: by triggers and views, and where a key vanishes or
    changes, along foreign keys. Where those are not known that is everything."""
    reached = schema.below(relation) if vanishes else schema.written_by(relation)
    if reached is None:
        return frozenset({tags.EVERYTHING})
    return frozenset(map(tags.of_relation, reached))
