"""What was asked, sent and avoided, in charts: of everything, or of one relation. Pure."""

from collections.abc import Callable, Sequence

from dashboard.charts import Chart, Curve, Kind, Times, Unit, Value
from dashboard.traffic import avoided_bytes_percent, hit_percent, needed_bytes
from optimizer.domain.figures import Figures
from optimizer.domain.request import Sum

Take = Callable[[Figures], Value]


def charts(
    sums: Sequence[Sum], before: Sequence[Sum] | None, at: Times, *, in_bytes: bool
) -> list[Chart]:
    """The charts of an overview, of everything or of one relation."""
    make = _Maker(sums, before, at)
    volume = make.volume_bytes() if in_bytes else make.volume_calls()
    rate = make.avoided_rate() if in_bytes else make.hit_rate()
    return [rate, volume, make.outcomes(), make.waits()]


class _Maker:
    """Makes charts of the same points."""

    def __init__(self, sums: Sequence[Sum], before: Sequence[Sum] | None, at: Times) -> None:
        self._sums, self._before, self._times = sums, before, at

    def _curve(
        self, name: str, colour: str, take: Take, kind: Kind = Kind.LINE, says: str = "",
        *, compared: bool = True,
    ) -> Curve:  # fmt: skip
        before = None if self._before is None or not compared else taken(self._before, take)
        return Curve(name, colour, taken(self._sums, take), before, kind, says)

    def hit_rate(self) -> Chart:
        """Hits among hits and misses, as a line that breaks where there was nothing to count."""
        curve = self._curve("Hit rate", "hit", hit_percent, says="hits ÷ (hits + misses)")
        caption = f"Share of cacheable reads that the cache answered, each {step(self._times)}."
        return Chart("hit-rate", "Hit rate", caption, Unit.PERCENT, self._times, [curve])

    def avoided_rate(self) -> Chart:
        """The share of bytes that Supabase did not have to send."""
        said = "avoided ÷ (avoided + received)"
        curve = self._curve("Bytes avoided", "hit", avoided_bytes_percent, says=said)
        caption = f"Share of the bytes needed that Supabase did not send, each {step(self._times)}."
        return Chart("hit-rate", "Bytes avoided", caption, Unit.PERCENT, self._times, [curve])

    def volume_calls(self) -> Chart:
        """Calls asked, and in front of them the part that was sent: what stands out was avoided."""
        asked = self._curve("asked", "pale-hit", lambda f: f.asked, Kind.BAR)
        sent = self._curve(
            "sent", "miss", lambda f: f.sent, Kind.BAR, "sent to Supabase", compared=False
        )
        caption = (
            f"Each {step(self._times)}. What stands out behind the orange never reached Supabase."
        )
        title = "Calls asked and calls sent"
        return Chart("calls", title, caption, Unit.COUNT, self._times, [asked, sent])

    def volume_bytes(self) -> Chart:
        """The same in bytes."""
        needed = self._curve(
            "needed", "pale-hit", needed_bytes, Kind.BAR, "needed without the cache"
        )
        got = self._curve(
            "received", "miss", lambda f: f.received, Kind.BAR, "received from Supabase",
            compared=False,
        )  # fmt: skip
        caption = f"Each {step(self._times)}. What stands out behind the orange was never sent."
        title = "Bytes needed and bytes received"
        return Chart("calls", title, caption, Unit.BYTES, self._times, [needed, got])

    def outcomes(self) -> Chart:
        """How every read was answered, and the writes."""
        curves = [
            self._curve(name, colour, take, Kind.BAR, compared=False)
            for name, colour, take in OUTCOMES
        ]
        caption = (
            f"Each {step(self._times)}. Hits, stale and coalesced answers cost Supabase nothing."
        )
        title = "How calls were answered"
        return Chart("outcomes", title, caption, Unit.COUNT, self._times, curves, stacked=True)

    def waits(self) -> Chart:
        """How long callers waited: of twenty, nineteen no longer."""
        curves = [
            self._curve("from the cache", "hit", lambda f: _ms(f.cached_within(0.95))),
            self._curve("by Supabase", "miss", lambda f: _ms(f.fetched_within(0.95))),
        ]
        said = "within 5 %; each line is ten times the one below"
        caption = f"95th percentile, each {step(self._times)}, {said}."
        title = "How long callers waited"
        return Chart("waits", title, caption, Unit.MS, self._times, curves, log=True)


OUTCOMES: Sequence[tuple[str, str, Take]] = (
    ("hit", "hit", lambda f: f.hits),
    ("stale", "stale", lambda f: f.stale),
    ("coalesced", "coalesced", lambda f: f.coalesced),
    ("miss", "miss", lambda f: f.misses),
    ("bypass", "bypass", lambda f: f.bypassed),
    ("error", "error", lambda f: f.errors),
    ("write", "write", lambda f: f.writes),
)


def taken(sums: Sequence[Sum], take: Take) -> list[Value]:
    """One value a point; None where nothing is known of it."""
    return [take(point.figures) if point.minutes else None for point in sums]


def step(at: Times) -> str:
    """The length of a point in words."""
    minutes = at.wanted.step
    return {1: "minute", 60: "hour", 1440: "day"}.get(
        minutes, f"{minutes // 60} hours" if minutes >= 60 else f"{minutes} minutes"
    )


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else 1000 * seconds
