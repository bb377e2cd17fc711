"""Tokens by which a reader asks for what a writer was told: `epoch.position`, or `bypass`.

A write's answer carries one in the header `canvalo-token`. A read that shows it, in whatever
process, returns that write or a newer one. Whoever has several may send them all, by commas.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from optimizer.domain.freshness import Mark

HEADER = "canvalo-token"
BYPASS = "bypass"  # of a write that Valkey did not hear of: only Supabase has it for certain
_TOKEN = re.compile(r"([0-9a-f]{16})\.([0-9]{1,18})")


@dataclass(frozen=True, slots=True)
class Demand:
    """What a reader asks for; with `bypass` only Supabase can tell."""

    after: Mark | None = None
    bypass: bool = False


NOTHING = Demand()
_UNREADABLE = Demand(bypass=True)


def token(at: Mark | None) -> str:
    """The token of a write that ended at that point; None where Valkey did not hear of it."""
    return BYPASS if at is None else f"{at.epoch}.{at.position}"


def demand(text: str) -> Demand:
    """Read a header's value; what cannot be read, or is of two epochs, goes to Supabase."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts:
        return NOTHING
    marks = [_mark(part) for part in parts]
    return _latest([mark for mark in marks if mark]) if all(marks) else _UNREADABLE


def _mark(text: str) -> Mark | None:
    found = _TOKEN.fullmatch(text)
    return Mark(found[1], int(found[2])) if found else None


def _latest(marks: Sequence[Mark]) -> Demand:
    if len({mark.epoch for mark in marks}) > 1:
        return _UNREADABLE
    return Demand(max(marks, key=lambda mark: mark.position))
