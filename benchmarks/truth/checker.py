"""The judgement over a history: what each read had to see, and what it missed. Pure.

A read misses a write when it returned an older value of the row though the write had been
acknowledged before the read was invoked. Three rules allow no missed write, whatever its age: reads
of the writer's own process, reads that carry the write's token, reads of `strict` tables. Of all
other reads none may miss a write for longer than the bound.

A write whose outcome nobody learned may or may not have taken effect. Where the log of commits has
it, it counts as acknowledged once its marker must have expired. A write that was made without a
fence is held to the first two rules alone; what others missed of it is counted apart.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from benchmarks.truth.history import History, Kind, Mode, Operation, Outcome


class Rule(StrEnum):
    """What was broken."""

    PROCESS = "a read missed a write of its own process"
    TOKEN = "a read missed the write whose token it carried"
    STRICT = "a read of a strict table missed an acknowledged write"
    BOUND = "a read missed a write for longer than the bound"
    INVENTED = "a read returned what was never written to its row"
    LOST = "a write was acknowledged that the database does not know"
    REFUSED = "a write took effect though its caller was told that it was not sent"


@dataclass(frozen=True, slots=True)
class Terms:
    """Seconds: the bound, and how long after its invocation an unanswered write stays open."""

    bound: float
    unknown_for: float


@dataclass(frozen=True, slots=True)
class Violation:
    """A broken rule: the operation that shows it and, of a read, the write that it missed."""

    rule: Rule
    by: Operation
    missed: Operation | None = None


@dataclass(slots=True)
class Verdict:
    """What a history came to; ages are seconds. `unanswered` reads failed and are held to nothing.

    `staleness` has one figure for each read without a token of a table that is not strict: since
    when the newest write that it missed had been acknowledged, 0 where it missed none. `longest` is
    the same to the oldest one, at most: the figure that the bound is about.
    """

    violations: list[Violation] = field(default_factory=list)
    reads: dict[Mode, int] = field(default_factory=lambda: dict.fromkeys(Mode, 0))
    writes: int = 0
    unknown: int = 0
    unfenced: int = 0
    refused: int = 0
    unanswered: int = 0
    hits: int = 0
    overlapping: int = 0
    staleness: list[float] = field(default_factory=list)
    longest: float = 0.0
    missed_unfenced: int = 0
    longest_unfenced: float = 0.0

    def broken(self, *rules: Rule) -> int:
        """How often one of these rules was broken."""
        return sum(violation.rule in rules for violation in self.violations)


@dataclass(frozen=True, slots=True)
class _Write:
    """A write that took effect: its place in the row's order, and from when it counts as known."""

    operation: Operation
    version: int
    known: float

    @property
    def acknowledged(self) -> bool:
        return self.operation.outcome is Outcome.OK


class _Row:
    """What is known of one row."""

    def __init__(self, order: Sequence[int], writes: Sequence[Operation], terms: Terms) -> None:
        self.versions = {value: version for version, value in enumerate(order)}
        self.spans = [(w.invoked, w.returned) for w in writes if w.returned is not None]
        self.writes = [
            _Write(w, self.versions[w.value], _known(w, terms))
            for w in writes
            if w.value is not None and w.value in self.versions
        ]

    def missed(self, read: Operation, version: int) -> list[_Write]:
        """The writes that were known before the read was invoked and are newer than its value."""
        return [w for w in self.writes if w.version > version and w.known < read.invoked]

    def overlaps(self, read: Operation) -> bool:
        """Whether a write of this row was under way while the read was."""
        end = read.invoked if read.returned is None else read.returned
        return any(start <= end and read.invoked <= stop for start, stop in self.spans)


def judge(history: History, terms: Terms) -> Verdict:
    """Hold every operation against the rules."""
    verdict = Verdict()
    rows = {row: _row(history, row, terms) for row in history.orders}
    for operation in history.operations:
        row = rows[operation.row]
        if operation.kind is Kind.WRITE:
            _judge_write(operation, row, verdict)
        elif operation.returned is not None:
            _judge_read(operation, row, terms, verdict)
    return verdict


def _row(history: History, row: int, terms: Terms) -> _Row:
    writes = [o for o in history.operations if o.row == row and o.kind is Kind.WRITE]
    return _Row(history.orders[row], writes, terms)


def _known(write: Operation, terms: Terms) -> float:
    if write.outcome is Outcome.OK and write.returned is not None:
        return write.returned
    return write.invoked + terms.unknown_for


def _judge_write(write: Operation, row: _Row, verdict: Verdict) -> None:
    verdict.writes += 1
    verdict.unknown += write.outcome is Outcome.UNKNOWN
    verdict.unfenced += write.unfenced
    verdict.refused += write.outcome is Outcome.FAILED
    effective = write.value in row.versions
    if write.outcome is Outcome.OK and not effective:
        verdict.violations.append(Violation(Rule.LOST, write))
    if write.outcome is Outcome.FAILED and effective:
        verdict.violations.append(Violation(Rule.REFUSED, write))


def _judge_read(read: Operation, row: _Row, terms: Terms, verdict: Verdict) -> None:
    if read.outcome is not Outcome.OK:
        verdict.unanswered += 1
        return
    verdict.reads[read.mode] += 1
    verdict.hits += read.cache == "hit"
    verdict.overlapping += row.overlaps(read)
    version = None if read.value is None else row.versions.get(read.value)
    if version is None:
        verdict.violations.append(Violation(Rule.INVENTED, read))
        return
    missed = row.missed(read, version)
    for rule, write in _broken(read, missed, terms).items():
        verdict.violations.append(Violation(rule, read, write.operation))
    if read.mode is Mode.PLAIN:
        _measure(read, missed, verdict)


def _broken(read: Operation, missed: Sequence[_Write], terms: Terms) -> Mapping[Rule, _Write]:
    """Each rule that a missed write breaks, with one such write."""
    return {rule: write for write in missed for rule in _rules(read, write, terms)}


def _rules(read: Operation, write: _Write, terms: Terms) -> Iterator[Rule]:
    if write.acknowledged and write.operation.process == read.process:
        yield Rule.PROCESS
    if write.operation.value == read.after:
        yield Rule.TOKEN
    if read.mode is Mode.STRICT:
        yield Rule.STRICT
    if read.invoked - write.known > terms.bound and not write.operation.unfenced:
        yield Rule.BOUND


def _measure(read: Operation, missed: Sequence[_Write], verdict: Verdict) -> None:
    """Note how old what the read returned was."""
    fenced = [w for w in missed if not w.operation.unfenced]
    newest = max(fenced, key=lambda w: w.version, default=None)
    verdict.staleness.append(read.invoked - newest.known if newest else 0.0)
    verdict.longest = max([verdict.longest, *(read.invoked - w.known for w in fenced)])
    unfenced = [read.invoked - w.known for w in missed if w.operation.unfenced]
    verdict.missed_unfenced += bool(unfenced)
    verdict.longest_unfenced = max([verdict.longest_unfenced, *unfenced])
