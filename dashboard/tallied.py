"""Charts and tiles of what the series' columns do not tell: leases, outcomes, batches. Pure."""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Self

from dashboard.charts import Curve, Kind, Value, times
from dashboard.content import Tile, tile
from dashboard.formats import Measure, change, count
from dashboard.traffic_charts import step
from optimizer.domain.counts import Counts
from optimizer.domain.request import Wanted
from optimizer.domain.tally import Key, Step, Tally

if TYPE_CHECKING:
    from dashboard.page import Scene
    from optimizer.selectors import Tallied

    Tell = Callable[..., list[Tallied]]

HALF, MOST = "p50: half took no longer", "p95: 19 of 20 took no longer"
Take = Callable[[Counts], Value]
Number = Callable[[Counts], int]


class Points:
    """The points of a range, and of the one before it where that is compared."""

    def __init__(
        self, points: Sequence["Tallied"], before: Sequence["Tallied"] | None, wanted: Wanted
    ) -> None:
        self._points, self._before = points, before
        self.times = times(points, wanted, before)

    @classmethod
    def read(cls, scene: "Scene", tell: "Tell", *steps: Step) -> Self:
        """Those of some steps in a page's range, as a selector tells them."""
        before = scene.wanted.before() if scene.asked.compare else None
        then = None if before is None else tell(before, *steps)
        return cls(tell(scene.wanted, *steps), then, scene.wanted)

    @cached_property
    def total(self) -> Counts:
        """All points together."""
        return added_up(self._points)

    @cached_property
    def then(self) -> Counts | None:
        """All points of the period before together."""
        return None if self._before is None else added_up(self._before)

    @property
    def step(self) -> str:
        """The length of a point in words."""
        return step(self.times)

    def curve(
        self, name: str, colour: str, take: Take, kind: Kind = Kind.LINE, says: str = "",
        *, compared: bool = True,
    ) -> Curve:  # fmt: skip
        """One value a point; None where nothing is known of it."""
        before = None if self._before is None or not compared else _taken(self._before, take)
        return Curve(name, colour, _taken(self._points, take), before, kind, says)

    def bars(self, name: str, colour: str, take: Take, says: str = "") -> Curve:
        """A part of bars that are stacked, which are not compared."""
        return self.curve(name, colour, take, Kind.BAR, says, compared=False)


def counted_tile(
    id_: str, label: str, take: Number, total: Counts, then: Counts | None, note: str
) -> Tile:
    """A number of things, compared with the period before where that is given."""
    changed = "" if then is None else change(take(total), take(then))
    return tile(id_, label, Measure(count(take(total))), note, changed)


def added_up(points: Sequence["Tallied"]) -> Counts:
    """The sum of some points."""
    total: dict[Key, Tally] = {}
    for point in points:
        for key, tally in point.counts.tallies.items():
            total.setdefault(key, Tally()).merge(tally)
    return Counts(total)


def within_ms(step_: Step, share: float) -> Take:
    """The milliseconds that this share of a step did not exceed."""

    def take(counts: Counts) -> float | None:
        seconds = counts.of(step_).quantile(share)
        return None if seconds is None else 1000 * seconds

    return take


def _taken(points: Sequence["Tallied"], take: Take) -> list[Value]:
    return [take(point.counts) if point.minutes else None for point in points]
