"""Values as bytes, and fresh objects of kept ones: equal, of their type, nobody else's."""

import copy
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from optimizer.cache.annotations import models_of
from optimizer.cache.fresh import maker
from optimizer.cache.values import decode, encode
from optimizer.errors import ValueNotCacheable


class Kind(Enum):
    """An enumeration."""

    LEAD = 1


@dataclass(frozen=True, slots=True)
class Point:
    """With slots, frozen, and a check in its constructor that reading must not run."""

    x: int
    y: int = 0

    def __post_init__(self):
        assert self.x >= 0


@dataclass
class Node:
    """Refers to itself."""

    points: list[Point] = field(default_factory=list)
    below: "list[Node]" = field(default_factory=list)


class Row(BaseModel):
    """A pydantic model."""

    id: UUID
    at: datetime
    price: Decimal | None = None
    kind: Kind = Kind.LEAD


def returns() -> tuple[Node, Row | None]:
    """Names all classes that the tests use."""


MODELS = models_of(returns)
scalars = (
    st.none() | st.booleans() | st.integers() | st.text() | st.binary() | st.uuids() | st.dates()
    | st.floats(allow_nan=False) | st.decimals(allow_nan=False) | st.timedeltas()
    | st.datetimes() | st.datetimes(timezones=st.just(UTC)) | st.times()
    | st.datetimes(timezones=st.sampled_from([ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Tokyo")]))
)  # fmt: skip
keys = st.text() | st.integers() | st.booleans() | st.uuids()
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(keys, inner, max_size=4)
        | st.tuples(inner, inner)
        | st.frozensets(st.integers() | st.text(), max_size=3)
        | st.sets(st.integers(), max_size=3)
    ),
    max_leaves=12,
)


def types(value):
    """The types of a value and of everything in it."""
    if isinstance(value, dict):
        return [dict, *((types(k), types(v)) for k, v in value.items())]
    if isinstance(value, list | tuple):
        return [type(value), *map(types, value)]
    return type(value)


@given(values)
def test_what_is_written_is_read_back_equal_and_of_its_types(value):
    """Whatever is nested in whatever."""
    back = decode(encode(value))
    assert back == value
    assert types(back) == types(value)


@given(values)
def test_a_fresh_object_is_equal_and_of_its_types(value):
    """Each time."""
    make = maker(value)
    for back in (make(), make()):
        assert back == value
        assert types(back) == types(value)


def spoil(value):
    """Change all that can be changed in it."""
    if isinstance(value, dict):
        for item in value.values():
            spoil(item)
        value["spoilt"] = True
    elif isinstance(value, list):
        for item in value:
            spoil(item)
        value.append("spoilt")
    elif isinstance(value, set):
        value.add("spoilt")
    elif isinstance(value, tuple):
        for item in value:
            spoil(item)


@given(values)
def test_nobody_can_change_what_the_next_one_gets(value):
    """However deep it is."""
    before, make = copy.deepcopy(value), maker(value)
    spoil(make())
    assert make() == before


@pytest.mark.parametrize(
    "value",
    [
        Node([Point(1)], [Node(), Node([Point(2, 3)])]),
        [Row(id=UUID(int=1), at=datetime(2026, 1, 1, tzinfo=UTC), price=Decimal("1.50"))],
        {"kind": Kind.LEAD, "point": Point(0)},
        datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"), fold=1),
        datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=5, minutes=45))),
        time(1, 2, fold=1),
        float("inf"),
        10**40,
        "\ud800",
    ],
    ids=repr,
)
def test_classes_and_corner_cases_come_back(value):
    """From bytes, and from what is kept."""
    assert decode(encode(value, MODELS), MODELS) == value
    assert maker(value)() == value


def test_nan_comes_back_as_nan():
    """Which is not equal to itself."""
    assert repr(decode(encode([float("nan")]))) == "[nan]"


def test_a_moment_keeps_its_zone():
    """Its offset alone would make another time of tomorrow's."""
    moment = datetime(2026, 7, 1, tzinfo=ZoneInfo("Europe/Berlin"))
    assert decode(encode(moment)).tzinfo is moment.tzinfo


@pytest.mark.parametrize("value", [Point(1), Kind.LEAD, Row(id=UUID(int=1), at=date.max)], ids=repr)
def test_a_class_that_is_not_named_is_refused(value):
    """Written by one that named it, and read by one that does not: refused as well."""
    with pytest.raises(ValueNotCacheable):
        encode([value])
    with pytest.raises(ValueNotCacheable):
        decode(encode([value], MODELS))


@pytest.mark.parametrize("value", [object(), type("Sub", (dict,), {})(), {1: object()}, print])
def test_what_cannot_come_back_is_refused(value):
    """A subclass would come back as its base."""
    with pytest.raises(ValueNotCacheable):
        encode(value)


def test_an_annotation_that_cannot_be_read_names_nothing():
    """A name that exists for type checkers alone."""

    def unknown() -> "Nowhere":  # noqa: F821
        ...

    assert models_of(unknown) == {}
