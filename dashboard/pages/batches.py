"""Many rows in few calls: what was written in batches, and which rows were not done."""

from collections.abc import Sequence
from dataclasses import dataclass

from dashboard.batch_listings import OF, SAID, newest_listing, undone_listing
from dashboard.charts import Chart, Kind, Unit
from dashboard.content import (
    Cell,
    Column,
    Content,
    Listing,
    Note,
    Section,
    Tile,
    cell,
    link,
    text_cell,
    tile,
)
from dashboard.formats import UNKNOWN, Measure, count, duration, percent, size
from dashboard.page import COMPARE, RANGE, Page, Scene
from dashboard.pages.relations import address_of
from dashboard.tallied import HALF, MOST, Number, Points, counted_tile, within_ms
from optimizer import selectors
from optimizer.domain.chunks import RowStatus
from optimizer.domain.counts import Counts
from optimizer.domain.request import Wanted
from optimizer.domain.tally import Step

_LOOK = {  # name and colour of each kind of row that was not done
    RowStatus.FAILED: ("refused", "error"),
    RowStatus.SKIPPED: ("skipped", "refused"),
    RowStatus.UNKNOWN: ("unknown", "stale"),
    RowStatus.NOT_ATTEMPTED: ("not attempted", "bypass"),
}
HOW = Note(
    "how",
    "No batch in this range",
    [
        "A batch writes many rows in few calls, and tells what became of each row: "
        "batch_insert_records, batch_update_records, batch_upsert_records and "
        "batch_delete_records of the package optimizer, or POST, PATCH and DELETE on "
        "/api/contacts/batch. Choose a longer range above to see older ones."
    ],
)


@dataclass(frozen=True, slots=True)
class Listed:
    """What the page lists row by row."""

    kinds: Sequence[selectors.BatchKind]
    undone: Sequence[selectors.UndoneRows]
    newest: Sequence[selectors.BatchDone]


def build(scene: Scene) -> Content:
    """Read the batches of the range, and of the one before where it is compared."""
    counted = Points.read(scene, selectors.tallies, Step.BATCHED, Step.UNDONE)
    times = Points.read(scene, selectors.durations, Step.BATCHED)
    return batches(scene, (counted, times), _listed(scene.wanted))


def _listed(wanted: Wanted) -> Listed:
    return Listed(
        selectors.batch_kinds(wanted),
        selectors.undone_rows(wanted),
        selectors.newest_batches(wanted),
    )


def batches(
    scene: Scene,
    points: tuple[Points, Points],
    listed: Listed,
) -> Content:
    """The page of some points, and of what is listed beside them."""
    counted, times = points
    sections: list[Section] = [] if listed.kinds or listed.newest else [HOW]
    sections += [_calls(counted), _rows(counted), _times(times), _kinds(scene, listed.kinds)]
    sections += [undone_listing(listed.undone), newest_listing(listed.newest, scene.zone)]
    return Content(tiles=_tiles(counted, times), sections=sections)


def _tiles(counted: Points, times: Points) -> list[Tile]:
    total, then = counted.total, counted.then
    rows, calls, failed = rows_of(total), calls_of(total), failed_of(total)
    each = Measure(f"{rows / calls:,.1f}") if calls else Measure(UNKNOWN)
    share = percent(avoided_of(total) / rows) if rows else UNKNOWN
    lost = f"{percent(failed / rows)} of the rows" if rows else "none written"
    half = f"half within {duration(times.total.of(Step.BATCHED).quantile(0.5))}"
    return [
        counted_tile("batches", "Batches", batches_of, total, then, half),
        counted_tile("rows", "Rows", rows_of, total, then, "in these batches"),
        counted_tile("calls", "Calls made", calls_of, total, then, "to Supabase"),
        counted_tile("avoided", "Calls avoided", avoided_of, total, then, f"{share} of one a row"),
        tile("each", "Rows a call", each, "on average"),
        counted_tile("failed", "Rows not done", failed_of, total, then, lost),
        _bytes(total),
    ]


def _bytes(total: Counts) -> Tile:
    bodies = total.of(Step.BATCHED)
    received = size(bodies.received)
    note = f"in bodies; {received.number} {received.unit} came back"
    return tile("bytes", "Bytes sent", size(bodies.sent), note)


def _calls(counted: Points) -> Chart:
    curves = [
        counted.curve("rows", "pale-hit", rows_of, Kind.BAR, "rows: calls, had each gone alone"),
        counted.bars("calls", "miss", calls_of, "calls made"),
    ]
    caption = f"Each {counted.step}. What stands out behind the orange is calls avoided."
    title = "Rows, and the calls that they took"
    return Chart("calls", title, caption, Unit.COUNT, counted.times, curves)


def _rows(counted: Points) -> Chart:
    curves = [
        counted.bars("done", "write", lambda counts: rows_of(counts) - failed_of(counts)),
        *(counted.bars(*_LOOK[how], _undone(how), SAID[how]) for how in _LOOK),
    ]
    if _untold(counted.total):  # in a range that begins before rows were told apart
        curves.append(counted.bars("not done", "pale-error", _untold, "not done, of older batches"))
    caption = f"Rows of batches, each {counted.step}."
    title = "What became of the rows"
    return Chart("rows", title, caption, Unit.COUNT, counted.times, curves, stacked=True)


def _undone(how: RowStatus) -> Number:
    return lambda counts: counts.of(Step.UNDONE, how).count


def _untold(counts: Counts) -> int:
    return max(0, failed_of(counts) - counts.of(Step.UNDONE).count)


def _times(times: Points) -> Chart:
    curves = [
        times.curve("p50", "pale-miss", within_ms(Step.BATCHED, 0.5), says=HALF),
        times.curve("p95", "miss", within_ms(Step.BATCHED, 0.95), says=MOST),
    ]
    caption = f"From the first row to the last outcome, each {times.step}, within 5 %."
    title = "How long a batch took"
    return Chart("times", title, caption, Unit.MS, times.times, curves, wide=True)


def _kinds(scene: Scene, kinds: Sequence[selectors.BatchKind]) -> Listing:
    columns = [
        *OF,
        Column("batches", "Batches"),
        Column("partial", "In part"),
        Column("rows", "Rows"),
        Column("done", "Done"),
        Column("failed", "Not done"),
        Column("calls", "Calls"),
        Column("avoided", "Avoided"),
        Column("rows_a_call", "Rows a call"),
        Column("sent_bytes", "Sent"),
        Column("received_bytes", "Received"),
        Column("mean_seconds", "Mean time"),
    ]
    cells = [_kind(scene, kind) for kind in kinds]
    caption = (
        "Batches by table and kind. In part: some row was not done, which is normal and costs no "
        "other row its place. Avoided: rows less calls. Sent and received: bytes of bodies."
    )
    sort = scene.asked.sort or "-rows"
    return Listing("kinds", "Batches by kind", caption, columns, cells, sort=sort)


def _kind(scene: Scene, kind: selectors.BatchKind) -> list[Cell]:
    each = kind.rows / kind.calls if kind.calls else None
    mean = kind.seconds / kind.batches if kind.batches else None
    name = kind.relation
    told = link(name, address_of(scene, name)) if "." in name else text_cell(name)
    numbers = (
        kind.batches, kind.partial, kind.rows, kind.done, kind.failed, kind.calls, kind.avoided,
    )  # fmt: skip
    return [
        told,
        text_cell(kind.operation),
        *(cell(count(number), number) for number in numbers),
        cell(UNKNOWN if each is None else f"{each:,.1f}", each),
        cell(size(kind.sent_bytes), kind.sent_bytes),
        cell(size(kind.received_bytes), kind.received_bytes),
        cell(duration(mean), mean),
    ]


def batches_of(counts: Counts) -> int:
    """Batches carried out."""
    return counts.of(Step.BATCHED).count


def rows_of(counts: Counts) -> int:
    """Rows in them."""
    return counts.of(Step.BATCHED).rows


def failed_of(counts: Counts) -> int:
    """Rows that were not done."""
    return counts.of(Step.BATCHED).failed


def calls_of(counts: Counts) -> int:
    """Calls that they took."""
    return counts.of(Step.BATCHED).calls


def avoided_of(counts: Counts) -> int:
    """Calls that the rows would have taken more, had each gone alone."""
    return max(0, rows_of(counts) - calls_of(counts))


def version(scene: Scene) -> object:
    """A batch is told a little before its minute is stored."""
    return selectors.newest_batches(scene.wanted)[:1]


PAGE = Page(
    "batches",
    "Batches",
    "batches/",
    build,
    controls=(RANGE, COMPARE),
    version=version,
    says="A batch is counted in the minute in which it ended, its calls among those that left for "
    "Supabase. The overview's avoided calls do not hold those that batches avoided.",
)
