"""What was asked and answered, as frozen values, and their form in a log of JSON lines. Pure.

Times are seconds of CLOCK_MONOTONIC, which all processes of one Linux machine share.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What an operation does to its row."""

    READ = "read"
    WRITE = "write"


class Outcome(StrEnum):
    """What its caller learned."""

    OK = "ok"
    UNKNOWN = "unknown"  # sent, and never answered
    FAILED = "failed"  # provably without effect; of a read: no answer


class Mode(StrEnum):
    """What a read may rely on besides the writes of its own process."""

    PLAIN = "plain"  # the bound alone
    TOKEN = "token"  # the write whose token it carries
    STRICT = "strict"  # every acknowledged write: its table is a `strict` one


@dataclass(frozen=True, slots=True)
class Operation:
    """One read or write of one row.

    `value` is what was written or read: values are unique, so a value names its write. `after` is
    the value of the write whose token a read carried. A write without
    `returned` was never answered.
    """

    process: int
    number: int
    client: int
    kind: Kind
    mode: Mode
    row: int
    value: int | None
    invoked: float
    returned: float | None = None
    outcome: Outcome = Outcome.UNKNOWN
    after: int | None = None
    cache: str = ""  # the answer's `x-cache`
    unfenced: bool = False  # the write's token said that no fence speaks for it


@dataclass(frozen=True, slots=True)
class Pause:
    """A time in which a process was not run, as one of its threads noticed (monotonic s)."""

    process: int
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class History:
    """All operations, and each row's values in the order of their commits.

    The first value of a row is the one that it had before the first operation.
    """

    operations: tuple[Operation, ...]
    orders: Mapping[int, tuple[int, ...]]
    pauses: tuple[Pause, ...] = ()


def line(entry: Operation | Pause) -> bytes:
    """One entry of a log."""
    return json.dumps(asdict(entry)).encode() + b"\n"


def parse(lines: Iterable[bytes]) -> tuple[tuple[Operation, ...], tuple[Pause, ...]]:
    """Read logs back; of an operation's two entries the later one holds.

    A last line that its killed writer left unfinished is passed over: it was not yet acted upon.
    """
    operations: dict[tuple[int, int], Operation] = {}
    pauses = []
    for text in lines:
        if not text.endswith(b"\n"):
            continue
        fields = json.loads(text)
        if "number" in fields:
            operation = _operation(fields)
            operations[operation.process, operation.number] = operation
        else:
            pauses.append(Pause(**fields))
    return tuple(operations.values()), tuple(pauses)


def _operation(fields: dict[str, Any]) -> Operation:
    kinds = {"kind": Kind(fields["kind"]), "mode": Mode(fields["mode"])}
    return Operation(**{**fields, **kinds, "outcome": Outcome(fields["outcome"])})
