"""How deltas are written in the ledger: minute → field → number, all of it text."""

import json
from collections.abc import Iterable, Mapping

from optimizer.domain.tally import COUNTERS, Key, Tally
from optimizer.metrics.noted import Noted

SEPARATOR = "\x1f"  # between the parts of a field's name: the recorder lets it into none of them

Cells = dict[tuple[int, str, str, str, str, str, str], Tally]
Tallies = dict[Key, Tally]


def encode(cells: Cells) -> dict[str, dict[str, str]]:
    """Deltas as the ledger keeps them: minute → field → number."""
    minutes: dict[str, dict[str, str]] = {}
    for (minute, *key), tally in cells.items():
        fields = minutes.setdefault(str(minute), {})
        name = SEPARATOR.join(key)
        for column in COUNTERS:
            if number := getattr(tally, column):
                fields[f"{name}{SEPARATOR}{column}"] = str(number)
        for bucket, count in tally.buckets.items():
            fields[f"{name}{SEPARATOR}{bucket}"] = str(count)
    return minutes


def decode(fields: Iterable[tuple[bytes, bytes]]) -> Tallies:
    """The inverse of `encode` for one minute, or for the totals, as Valkey answers it.

    There may be hundreds of thousands of fields: only names are turned into text.
    """
    separator, found = SEPARATOR.encode(), dict[bytes, Tally]()
    for field, number in fields:
        name, _, column = field.rpartition(separator)
        tally = found.get(name)
        if tally is None:
            tally = found[name] = Tally()
        if column.isdigit():
            tally.buckets[int(column)] = int(number)
        else:
            setattr(tally, column.decode(), int(number))
    return {Key(*name.decode().split(SEPARATOR)): tally for name, tally in found.items()}


def field_of(key: Key, column: str) -> str:
    """The field of one number of a key."""
    return SEPARATOR.join((*key, column))


def noted_arguments(noted: Noted | None, at: float) -> tuple[int, str, str]:
    """The day of the event (days since the epoch), shapes and samples, as POST takes them."""
    shapes = [
        [SEPARATOR.join(key), one.count, one.misses, one.nanoseconds, one.received, one.reasons]
        for key, one in (noted.shapes.items() if noted else ())
    ]
    samples = [json.dumps(one.as_json()) for one in (noted.samples() if noted else ())]
    return int(at) // 86_400, json.dumps(shapes), json.dumps(samples)


def added_up(many: Iterable[Mapping[Key, Tally]]) -> Tallies:
    """The sum of several, in fresh tallies."""
    total: Tallies = {}
    for tallies in many:
        for key, tally in tallies.items():
            total.setdefault(key, Tally()).merge(tally)
    return total


def text(value: bytes | str) -> str:
    """What Valkey answered, as text."""
    return value.decode() if isinstance(value, bytes) else value
