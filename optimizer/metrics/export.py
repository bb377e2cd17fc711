"""The counters in Prometheus' text format (version 0.0.4). Pure: tallies and gauges in, text out.

https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from optimizer.domain.counts import Counts
from optimizer.domain.facts import Operation
from optimizer.domain.figures import by_relation
from optimizer.domain.tally import ADDED, NANOSECONDS, REPEATED, Key, Step, Tally, end_of
from optimizer.metrics.ledger import VANISHED, PoolGauges

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
EDGES = range(25, 225, 8)  # buckets at whose ends a histogram is read: 11 µs to 1,000 s
Labels = tuple[tuple[str, str], ...]
Sample = tuple[str, Labels, float]  # suffix of the name, labels, value


@dataclass(frozen=True, slots=True)
class Family:
    """A metric: its name without a suffix, what it counts, and its samples."""

    name: str
    kind: str  # "counter", "gauge" or "histogram"
    help: str
    samples: list[Sample]


@dataclass(frozen=True, slots=True)
class Now:
    """What is held at this moment; None where the ledger or the snapshot says nothing."""

    gauges: list[PoolGauges] | None = None
    snapshot_at: float | None = None  # seconds since the epoch


def render(families: Iterable[Family]) -> str:
    """The text of some metrics."""
    return "".join(line + "\n" for family in families for line in _lines(family))


def families(tallies: Mapping[Key, Tally], now: Now) -> list[Family]:
    """Every metric, from the counters since ever and from what is held now."""
    asked = _of(tallies, Step.ASKED)
    return [
        _counter("requests", "Reads and writes that callers asked.", _asked(asked)),
        _counter("upstream_requests", "Calls that left for Supabase.", _sent(tallies)),
        _counter("unsent_requests", "Requests that did not leave.", _unsent(tallies)),
        _bytes("upstream_received_bytes", "Bytes received from Supabase.", tallies, "received"),
        _bytes("upstream_sent_bytes", "Bytes sent to Supabase.", tallies, "sent"),
        _counter("spared_bytes", "Bytes of answers that took no call.", _spared(tallies)),
        _counter("faults", "What was done without.", _by_outcome(tallies, Step.FAULT)),
        _counter("leases", "Connections lent.", _by_outcome(tallies, Step.LENT)),
        _counter("vanished_facts", "Estimate of what vanished processes lost.", _lost(tallies)),
        _counter("batches", "Batches carried out.", _by_outcome(tallies, Step.BATCHED)),
        _counter("batch_rows", "Rows of the batches.", _rows(tallies)),
        _counter("batch_undone_rows", "Rows not done.", _undone(tallies)),
        _counter("batch_bytes", "Bytes of the batches' bodies.", _batch_bytes(tallies)),
        _histogram("request_duration_seconds", "How long callers waited.", asked),
        _histogram("upstream_duration_seconds", "How long Supabase took.", _timed(tallies)),
        *_held(now),
    ]


def _lines(family: Family) -> Iterable[str]:
    yield f"# HELP {family.name} {family.help}"
    yield f"# TYPE {family.name} {family.kind}"
    for suffix, labels, value in family.samples:
        yield f"{family.name}{suffix}{_labels(labels)} {_number(value)}"


def _labels(labels: Labels) -> str:
    inside = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels)
    return f"{{{inside}}}" if inside else ""


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else repr(float(value))


def _counter(name: str, help_: str, counts: Mapping[Labels, float]) -> Family:
    samples: list[Sample] = [("", labels, counts[labels]) for labels in sorted(counts)]
    return Family(f"canvalo_{name}_total", "counter", help_, samples)


def _of(tallies: Mapping[Key, Tally], step: Step) -> dict[Key, Tally]:
    return {key: tally for key, tally in tallies.items() if key.step == step}


def _timed(tallies: Mapping[Key, Tally]) -> dict[Key, Tally]:
    """The calls whose time was taken: not the attempts that were repeated."""
    sent = _of(tallies, Step.SENT)
    return {key: tally for key, tally in sent.items() if key.outcome != REPEATED}


def _asked(asked: Mapping[Key, Tally]) -> dict[Labels, float]:
    return {
        (
            ("relation", key.relation),
            ("operation", key.operation),
            ("outcome", key.outcome),
            ("reason", key.reason),
            ("tier", key.tier),
        ): tally.count
        for key, tally in asked.items()
    }


def _sent(tallies: Mapping[Key, Tally]) -> dict[Labels, float]:
    return {
        (
            ("relation", key.relation),
            ("operation", key.operation),
            ("outcome", key.outcome),
            ("added", "true" if key.reason == ADDED else "false"),
        ): tally.count
        for key, tally in _of(tallies, Step.SENT).items()
    }


def _unsent(tallies: Mapping[Key, Tally]) -> dict[Labels, float]:
    return {
        (("relation", key.relation), ("operation", key.operation), ("why", key.outcome)): one.count
        for key, one in _of(tallies, Step.UNSENT).items()
    }


def _bytes(name: str, help_: str, tallies: Mapping[Key, Tally], column: str) -> Family:
    counts: dict[Labels, float] = {}
    for key, tally in _of(tallies, Step.SENT).items():
        labels = (("relation", key.relation),)
        counts[labels] = counts.get(labels, 0) + getattr(tally, column)
    return _counter(name, help_, counts)


def _spared(tallies: Mapping[Key, Tally]) -> dict[Labels, float]:
    found = by_relation(tallies)
    return {(("relation", name),): one.spared for name, one in found.items() if name}


def _by_outcome(tallies: Mapping[Key, Tally], step: Step) -> dict[Labels, float]:
    counts = Counts(tallies).by_outcome(step)
    return {(("outcome", outcome),): count for outcome, count in counts.items()}


def _lost(tallies: Mapping[Key, Tally]) -> dict[Labels, float]:
    """An estimate: as much as each told of its last interval."""
    return {(): Counts(tallies).of(Step.FAULT, VANISHED.outcome).rows}


def _rows(tallies: Mapping[Key, Tally]) -> dict[Labels, float]:
    done = Counts(tallies).of(Step.BATCHED)
    return {
        (("result", "ok"),): done.rows - done.failed,
        (("result", "failed"),): done.failed,
    }


def _undone(tallies: Mapping[Key, Tally]) -> dict[Labels, float]:
    counts = Counts(tallies).by_outcome(Step.UNDONE)
    return {(("status", status),): count for status, count in counts.items()}


def _batch_bytes(tallies: Mapping[Key, Tally]) -> dict[Labels, float]:
    done = Counts(tallies).of(Step.BATCHED)
    return {(("direction", "sent"),): done.sent, (("direction", "received"),): done.received}


def _histogram(name: str, help_: str, tallies: Mapping[Key, Tally]) -> Family:
    groups: dict[Labels, Tally] = {}
    for key, tally in tallies.items():
        kind = "read" if key.operation == Operation.READ else "write"
        labels = (("kind", kind), ("outcome", key.outcome))
        groups.setdefault(labels, Tally()).merge(tally)
    samples = [sample for labels in sorted(groups) for sample in _times(labels, groups[labels])]
    return Family(f"canvalo_{name}", "histogram", help_, samples)


def _times(labels: Labels, tally: Tally) -> Iterable[Sample]:
    for edge in EDGES:
        within = sum(count for bucket, count in tally.buckets.items() if bucket <= edge)
        yield "_bucket", (*labels, ("le", f"{end_of(edge):.6g}")), within
    yield "_bucket", (*labels, ("le", "+Inf")), tally.count
    yield "_sum", labels, tally.nanoseconds / NANOSECONDS
    yield "_count", labels, tally.count


def _held(now: Now) -> list[Family]:
    held = now.gauges or []
    pool = {"active": sum(g.active for g in held), "idle": sum(g.idle for g in held)}
    samples: list[Sample] = [("", (("state", state),), n) for state, n in pool.items()]
    found = [_gauge("ledger_up", "Whether Valkey answers.", now.gauges is not None)]
    if now.gauges is not None:
        found.append(Family("canvalo_pool_connections", "gauge", "Connections held.", samples))
        found.append(_gauge("processes", "Processes that reported lately.", len(held)))
    if now.snapshot_at is not None:
        help_ = "When minutes were last stored, since the epoch."
        found.append(_gauge("snapshot_timestamp_seconds", help_, now.snapshot_at))
    return found


def _gauge(name: str, help_: str, value: float) -> Family:
    return Family(f"canvalo_{name}", "gauge", help_, [("", (), value)])
