"""A verdict as rows of a bench: figures, and the bars that they must keep to. Pure."""

from collections.abc import Iterator, Sequence

from benchmarks.report import Row
from benchmarks.truth.checker import Rule, Terms, Verdict
from benchmarks.truth.history import Mode, Pause

_NONE = "<= 0"
_EFFECTS = (Rule.INVENTED, Rule.LOST, Rule.REFUSED)


def correctness(name: str, verdict: Verdict, terms: Terms) -> list[Row]:
    """Violations beside the reads that could have shown one; the staleness beside the bound."""
    reads = verdict.reads
    every = sum(reads.values())
    rows = [Row(f"{name}: violations, own process", verdict.broken(Rule.PROCESS), every, _NONE)]
    if reads[Mode.TOKEN]:
        broken = verdict.broken(Rule.TOKEN)
        rows += [Row(f"{name}: violations, with token", broken, reads[Mode.TOKEN], _NONE)]
    if reads[Mode.STRICT]:
        broken = verdict.broken(Rule.STRICT)
        rows += [Row(f"{name}: violations, strict", broken, reads[Mode.STRICT], _NONE)]
    operations = every + verdict.writes
    rows += [Row(f"{name}: wrong effects", verdict.broken(*_EFFECTS), operations, _NONE)]
    rows += [Row(f"{name}: reads that failed", verdict.unanswered, every, _NONE)]
    rows += [Row(f"{name}: over the bound", verdict.broken(Rule.BOUND), every, _NONE)]
    return rows + (_staleness(name, verdict, terms) if verdict.staleness else [])


def traffic(name: str, verdict: Verdict, held: bool) -> list[Row]:
    """Whether the run could show anything: overlaps and hits, beside the reads; bars if `held`."""
    overlaps, hits = (">= 0.2", ">= 0.5") if held else (None, None)
    reads = sum(verdict.reads.values())
    return [
        Row(
            f"{name}: reads that overlap a write to their row", verdict.overlapping, reads, overlaps
        ),
        Row(f"{name}: hits", verdict.hits, reads, hits),
    ]


def circumstances(name: str, verdict: Verdict, pauses: Sequence[Pause]) -> Iterator[Row]:
    """What is shown and held to no bar; what did not happen is left out."""
    longest = max((pause.end - pause.start for pause in pauses), default=0.0)
    figures = (
        ("writes that were not sent", verdict.refused, verdict.writes),
        ("writes of unknown outcome", verdict.unknown, verdict.writes),
        ("writes without a fence", verdict.unfenced, verdict.writes),
        ("reads that missed one of those", verdict.missed_unfenced, len(verdict.staleness)),
        ("the longest such, s", verdict.longest_unfenced, 0),
        ("pauses of the scheduler", len(pauses), 0),
        ("the longest pause, s", longest, 0),
    )
    for what, ours, theirs in figures:
        if ours:
            yield Row(f"{name}: {what}", ours, theirs)


def _staleness(name: str, verdict: Verdict, terms: Terms) -> list[Row]:
    ages = sorted(verdict.staleness)
    missed = sum(age > 0 for age in ages)
    return [
        Row(f"{name}: reads that missed another's write", missed, len(ages)),
        Row(f"{name}: staleness p50, s: bound", _quantile(ages, 0.5), terms.bound, "<= 1"),
        Row(f"{name}: staleness p99, s: bound", _quantile(ages, 0.99), terms.bound, "<= 1"),
        Row(f"{name}: staleness max, s: bound", ages[-1], terms.bound, "<= 1"),
        Row(f"{name}: by the oldest write missed", verdict.longest, terms.bound, "<= 1"),
    ]


def _quantile(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
