"""The way to Supabase: who waits for a client, how long calls take, what was sent again."""

from dataclasses import dataclass

from dashboard.charts import Chart, Unit
from dashboard.content import Content, Section, Tile, tile
from dashboard.formats import UNKNOWN, Measure, count, duration, percent
from dashboard.page import Page, Scene
from dashboard.tallied import HALF, MOST, Number, Points, counted_tile, within_ms
from dashboard.trouble import faults, repeated, shed, trouble_listing
from optimizer import selectors
from optimizer.domain.counts import Counts
from optimizer.domain.tally import Step, Tally

FAILED = ("error", "unknown")  # 5xx, and no answer at all


@dataclass(frozen=True, slots=True)
class Ways:
    """What was counted on the way: how often, and how long leases and calls took."""

    counted: Points
    leases: Points
    calls: Points


def build(scene: Scene) -> Content:
    """Read leases, calls and faults of the range, and of the one before where it is compared."""
    return pool(_ways(scene), selectors.pool_now(), in_bytes=scene.asked.in_bytes)


def pool(ways: Ways, now: selectors.PoolNow | None, *, in_bytes: bool) -> Content:
    """The page of some points; `now` is None where the processes cannot be asked."""
    total = ways.counted.total
    volume = _bytes(ways.counted) if in_bytes else _outcomes(ways.counted)
    sections: list[Section] = [
        _waits(ways.leases),
        _leases(ways.counted),
        _upstream(ways.calls),
        volume,
        _trouble(ways.counted),
        trouble_listing(total),
    ]
    happened = total.of(Step.LENT).count + total.of(Step.SENT).count + len(faults(total))
    return Content(tiles=_tiles(ways, now), sections=sections, empty=not happened)


def version(scene: Scene) -> object:
    """What is lent changes all the time; looked at with each poll."""
    return selectors.pool_now()


def _ways(scene: Scene) -> Ways:
    steps = Step.LENT, Step.SENT, Step.UNSENT, Step.FAULT
    return Ways(
        Points.read(scene, selectors.tallies, *steps),
        Points.read(scene, selectors.durations, Step.LENT),
        Points.read(scene, selectors.durations, Step.SENT),
    )


def _tiles(ways: Ways, now: selectors.PoolNow | None) -> list[Tile]:
    total, then = ways.counted.total, ways.counted.then
    leases = total.of(Step.LENT).count
    reused = total.of(Step.LENT, "reused").count / leases if leases else None
    return [
        _held(now),
        counted_tile("leases", "Leases", _lent, total, then, f"{percent(reused)} found a client"),
        _times("wait", "Wait for a client, p95", ways.leases.total.of(Step.LENT), "none lent"),
        _times("upstream", "Supabase took, p95", ways.calls.total.of(Step.SENT), "none sent"),
        counted_tile("repeated", "Sent again", repeated, total, then, "after an attempt failed"),
        counted_tile("shed", "Refused here", shed, total, then, "attempts and leases, at no cost"),
        counted_tile("unsent", "Not sent", _unsent, total, then, "requests that failed unsent"),
        breaker(total, now),
    ]


def _times(id_: str, label: str, tally: Tally, none: str) -> Tile:
    note = f"p50 {duration(tally.quantile(0.5))}" if tally.count else none
    return tile(id_, label, duration(tally.quantile(0.95)), note)


def breaker(total: Counts, now: selectors.PoolNow | None) -> Tile:
    """Where the worst of the processes' circuit breakers stands, and how they moved."""
    opened, closed = (total.of(Step.FAULT, f"circuit {to}").count for to in ("open", "closed"))
    moved = f"opened {count(opened)}, closed {count(closed)} in this range" if opened else ""
    standing = {} if now is None else now.breakers
    worst = next((state for state in ("open", "half-open", "closed") if standing.get(state)), None)
    if worst is None:
        return tile("breaker", "Circuit breaker", Measure(UNKNOWN), moved or "nobody reports one")
    some = f"in {count(standing[worst])} of {count(sum(standing.values()))}"
    note = f"{some}; {moved or 'it did not open in this range'}"
    return tile("breaker", "Circuit breaker", Measure(worst), note)


def _held(now: selectors.PoolNow | None) -> Tile:
    if now is None:
        return tile("clients", "Clients lent now", Measure(UNKNOWN), "Valkey does not answer")
    processes = f"{count(now.processes)} process{'' if now.processes == 1 else 'es'}"
    note = f"of {count(now.total)} kept by {processes}"
    return tile("clients", "Clients lent now", Measure(count(now.lent)), note)


def _waits(leases: Points) -> Chart:
    curves = [
        leases.curve("p50", "pale-hit", within_ms(Step.LENT, 0.5), says=HALF),
        leases.curve("p95", "hit", within_ms(Step.LENT, 0.95), says=MOST),
    ]
    said = "within 5 %; each line is ten times the one below"
    caption = f"Until a client was lent, each {leases.step}, {said}."
    title = "Waiting for a client"
    return Chart("waits", title, caption, Unit.MS, leases.times, curves, log=True)


def _leases(counted: Points) -> Chart:
    def lent(how: str) -> Number:
        return lambda counts: counts.of(Step.LENT, how).count

    curves = [
        counted.bars("reused", "hit", lent("reused"), "a client that was there"),
        counted.bars("made", "miss", lent("made"), "a client made anew"),
    ]
    caption = f"Each {counted.step}. Many made anew: more callers than clients that may be kept."
    return Chart("leases", "Clients lent", caption, Unit.COUNT, counted.times, curves, stacked=True)


def _upstream(calls: Points) -> Chart:
    curves = [
        calls.curve("p50", "pale-miss", within_ms(Step.SENT, 0.5), says=HALF),
        calls.curve("p95", "miss", within_ms(Step.SENT, 0.95), says=MOST),
    ]
    caption = f"From sending a call to its answer, each {calls.step}, within 5 %."
    return Chart("upstream", "How long Supabase took", caption, Unit.MS, calls.times, curves)


def _outcomes(counted: Points) -> Chart:
    def ended(*how: str) -> Number:
        return lambda counts: counts.of(Step.SENT, *how).count

    curves = [
        counted.bars("answered", "miss", ended("ok")),
        counted.bars("refused", "refused", ended("refused"), "refused (4xx)"),
        counted.bars("failed", "error", ended(*FAILED), "failed (5xx, or no answer)"),
    ]
    caption = f"Calls that left, by what Supabase made of them, each {counted.step}."
    title = "Calls to Supabase"
    return Chart("calls", title, caption, Unit.COUNT, counted.times, curves, stacked=True)


def _bytes(counted: Points) -> Chart:
    curves = [
        counted.bars("received", "miss", lambda counts: counts.of(Step.SENT).received),
        counted.bars("sent up", "write", lambda counts: counts.of(Step.SENT).sent),
    ]
    caption = f"Bytes on the wire from and to Supabase, each {counted.step}."
    title = "Bytes from and to Supabase"
    return Chart("calls", title, caption, Unit.BYTES, counted.times, curves, stacked=True)


def _trouble(counted: Points) -> Chart:
    curves = [
        counted.bars("sent again", "pale-miss", repeated, "sent again after an attempt failed"),
        counted.bars("refused here", "error", shed, "refused here: not sent"),
    ]
    caption = f"Each {counted.step}; by kind in the table below."
    title = "Sent again, and refused here"
    return Chart(
        "again", title, caption, Unit.COUNT, counted.times, curves, stacked=True, wide=True
    )


def _lent(counts: Counts) -> int:
    return counts.of(Step.LENT).count


def _unsent(counts: Counts) -> int:
    return counts.unsent


PAGE = Page(
    "pool",
    "Pool",
    "pool/",
    build,
    version=version,
    says="A client is lent for a block of code, and speaks for one caller. Lent now is what "
    "the processes reported in the last 15 s; all else is of the range.",
)
