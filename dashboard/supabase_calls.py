"""Supabase's own count of calls beside ours, where it was fetched. Pure."""

from datetime import timedelta, tzinfo
from typing import TYPE_CHECKING

from dashboard.charts import Chart, Curve, Kind, Times, Unit
from dashboard.content import Note
from dashboard.formats import count
from dashboard.marks import written
from optimizer.domain.request import Wanted

if TYPE_CHECKING:
    from optimizer.selectors import Calls

ID, TITLE = "supabase-calls", "Calls counted by Supabase, beside ours"
MINUTE = timedelta(minutes=1)
NOT_FETCHED = (
    "Supabase's own count of calls is not fetched. With SUPABASE_MANAGEMENT_TOKEN set it is asked "
    "for each hour and shown here beside ours."
)


def beside(calls: "Calls | None", zone: tzinfo) -> Chart | Note:
    """The last day that Supabase told of, in its own stretches; ours stands in front of theirs."""
    if calls is None or not calls.points:
        return Note(ID, TITLE, [NOT_FETCHED])
    theirs = [point.theirs for point in calls.points]
    ours = [point.ours for point in calls.points]
    curves = [
        Curve("by Supabase", "unknown", theirs, kind=Kind.BAR, says="counted by Supabase"),
        Curve("sent from here", "miss", ours, kind=Kind.BAR),
    ]
    caption = (
        f"{count(calls.theirs)} REST calls counted by Supabase, {count(calls.ours)} sent here. "
        f"{calls.note} Fetched {written(calls.fetched_at, zone)}."
    )
    return Chart(ID, TITLE, caption, Unit.COUNT, _times(calls, zone), curves, wide=True)


def _times(calls: "Calls", zone: tzinfo) -> Times:
    starts = [point.start for point in calls.points]
    ends = [*starts[1:], calls.stretch.end]
    step = min(end - start for start, end in zip(starts, ends, strict=True)) // MINUTE
    wanted = Wanted(calls.stretch.start, calls.stretch.end, max(1, step), zone)
    known = [(end - start) // MINUTE for start, end in zip(starts, ends, strict=True)]
    return Times(wanted, starts, ends, known, [written(start, zone) for start in starts])
