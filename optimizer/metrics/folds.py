"""Which numbers each kind of fact adds to which tally."""

from collections.abc import Callable
from typing import Any, Protocol

from optimizer.domain.facts import (
    AttemptRepeated,
    BatchFlushed,
    CacheFault,
    CacheRead,
    CallRepeated,
    CallUnsent,
    ChangeMade,
    CircuitMoved,
    Fact,
    HitsCounted,
    LeaseTaken,
    LoadShed,
    Operation,
    ReadOutcome,
    Tier,
    Touched,
    UpstreamCall,
)
from optimizer.domain.tally import ADDED, REPEATED, Step, Tally


class Cell(Protocol):
    """Finds the tally of a key in the minute that is being counted; `known`: it surely exists."""

    def __call__(
        self,
        step: str,
        relation: str,
        operation: str = "",
        outcome: str = "",
        reason: str = "",
        tier: str = "",
        *,
        known: bool = True,
    ) -> Tally:
        """The tally to add to."""


# Looked up on the hot path: a module's name is found faster than an enum's member.
_ASKED, _SENT, _LENT, _BATCHED, _FAULT, _TOUCHED, _UNDONE, _UNSENT = (str(step) for step in Step)
_READ = str(Operation.READ)
_HIT, _L1 = str(ReadOutcome.HIT), str(Tier.L1)


def status_class(status: int) -> str:
    """What became of a call, from its HTTP status; 0 means that no answer came."""
    if status == 0:
        return "unknown"
    return "ok" if status < 400 else "refused" if status < 500 else "error"


def _read(cell: Cell, fact: CacheRead) -> None:
    known = fact.outcome != "error"  # a refusal proves no table of that name
    reason = fact.reason or ""
    found = cell(_ASKED, fact.relation, _READ, fact.outcome, reason, fact.tier, known=known)
    found.add(fact.seconds, fact.body_bytes)


def _hits(cell: Cell, fact: HitsCounted) -> None:
    cell(_ASKED, fact.relation, _READ, _HIT, "", _L1).merge(fact.tally)


def _change(cell: Cell, fact: ChangeMade) -> None:
    outcome, known = status_class(fact.status), 0 < fact.status < 400
    cell(_ASKED, fact.relation, fact.operation, outcome, known=known).add(fact.seconds)
    if not fact.fenced:
        cell(_FAULT, fact.relation, fact.operation, "unfenced", known=known).add(0)


def _call(cell: Cell, fact: UpstreamCall) -> None:
    outcome, known = status_class(fact.status), 0 < fact.status < 400
    reason = ADDED if fact.added else ""
    found = cell(_SENT, fact.relation, fact.operation, outcome, reason, known=known)
    found.add(fact.seconds, fact.received_bytes, fact.sent_bytes)


def _unsent(cell: Cell, fact: CallUnsent) -> None:
    cell(_UNSENT, fact.relation, fact.operation, fact.why, known=False).add(0)


def _call_repeated(cell: Cell, _: CallRepeated) -> None:
    cell(_SENT, "", "", REPEATED).add(0)


def _lease(cell: Cell, fact: LeaseTaken) -> None:
    cell(_LENT, "", "", "reused" if fact.reused else "made").add(fact.waited)


def _batch(cell: Cell, fact: BatchFlushed) -> None:
    found = cell(_BATCHED, fact.relation, fact.operation, "partial" if fact.failed else "ok")
    found.add(fact.seconds)
    found.rows += fact.rows
    found.failed += fact.failed
    found.calls += fact.calls
    found.sent += fact.sent_bytes
    found.received += fact.received_bytes
    for status, rows in fact.undone.items():
        cell(_UNDONE, fact.relation, fact.operation, status).count += rows


def _fault(cell: Cell, fact: CacheFault) -> None:
    cell(_FAULT, "", "", fact.step).add(0)


def _repeated(cell: Cell, fact: AttemptRepeated) -> None:
    cell(_FAULT, "", "", f"repeated: {fact.ended}").add(fact.pause)


def _circuit(cell: Cell, fact: CircuitMoved) -> None:
    cell(_FAULT, "", "", f"circuit {fact.state}").add(0)


def _shed(cell: Cell, fact: LoadShed) -> None:
    cell(_FAULT, "", "", f"shed: {fact.why}").add(0)


def _touched(cell: Cell, fact: Touched) -> None:
    for tag in fact.tags:
        cell(_TOUCHED, tag, "", "by hand").add(0)


FOLDS: dict[type[Fact], Callable[[Cell, Any], None]] = {
    CacheRead: _read,
    HitsCounted: _hits,
    ChangeMade: _change,
    UpstreamCall: _call,
    CallUnsent: _unsent,
    CallRepeated: _call_repeated,
    LeaseTaken: _lease,
    AttemptRepeated: _repeated,
    CircuitMoved: _circuit,
    LoadShed: _shed,
    BatchFlushed: _batch,
    CacheFault: _fault,
    Touched: _touched,
}
