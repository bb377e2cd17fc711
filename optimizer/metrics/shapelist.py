"""The top query shapes and the samples, as the ledger holds them."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import redis

from optimizer.domain.tally import NANOSECONDS
from optimizer.metrics.codec import SEPARATOR, text
from optimizer.metrics.ledger import PREFIX, unavailable
from optimizer.metrics.noted import Sample


@dataclass(slots=True)
class Shape:
    """What happened to one shape of one relation.

    It came into the list when another left; up to `at_most_missed` reads before that are not in
    `count`.
    """

    relation: str
    shape: str
    count: int = 0
    misses: int = 0
    nanoseconds: int = 0
    received: int = 0
    at_most_missed: int = 0
    reasons: dict[str, int] = field(default_factory=dict)  # why the cache did not answer

    @property
    def seconds(self) -> float:
        """All the time that callers waited for it."""
        return self.nanoseconds / NANOSECONDS


def top(client: redis.Redis, days: Iterable[int], most: int) -> list[Shape]:
    """The most frequent shapes of some days (since the epoch); raises CacheUnavailable."""
    found: dict[str, Shape] = {}
    for day in days:
        with unavailable():
            numbers: Any = client.hgetall(f"{PREFIX}shapes:n:{day}")
        for name, number in numbers.items():
            _add(found, text(name), int(number))
    shapes = (shape for shape in found.values() if shape.count)
    return sorted(shapes, key=lambda shape: (-shape.count, shape.shape))[:most]


def samples(client: redis.Redis) -> list[Sample]:
    """The latest samples, newest first; raises CacheUnavailable."""
    with unavailable():
        found: Sequence[bytes] = client.lrange(PREFIX + "samples", 0, -1)  # type: ignore[assignment]
    return [Sample(**json.loads(one)) for one in found]


def _add(found: dict[str, Shape], name: str, number: int) -> None:
    key, _, column = name.rpartition(SEPARATOR)
    relation, _, asked = key.partition(SEPARATOR)
    shape = found.setdefault(key, Shape(relation, asked))
    if column.startswith("reason:"):
        reason = column.removeprefix("reason:")
        shape.reasons[reason] = shape.reasons.get(reason, 0) + number
        return
    if column == "error":
        column = "at_most_missed"
    setattr(shape, column, getattr(shape, column) + number)
