"""What went wrong on the way: sent again, refused here, not sent, done without. Pure."""

from dashboard.content import Column, Listing, cell, text_cell
from dashboard.formats import count, duration
from optimizer.domain.counts import Counts
from optimizer.domain.tally import Step, Tally

REPEATED, SHED, UNSENT = "repeated: ", "shed: ", "not sent: "


def trouble_listing(total: Counts) -> Listing:
    """All that was done without, sent again or not sent, the most frequent first."""
    found = faults(total)
    columns = [
        Column("what", "What happened", numeric=False),
        Column("times", "Times"),
        Column("seconds", "Paused"),
        Column("hint", "What that means", numeric=False, long=True),
    ]
    rows = [
        [
            text_cell(what),
            cell(count(tally.count), tally.count),
            cell(duration(tally.seconds) if tally.nanoseconds else "", tally.seconds or None),
            text_cell(hint(what)),
        ]
        for what, tally in sorted(found.items(), key=lambda item: (-item[1].count, item[0]))
    ]
    caption = "Attempts sent again or refused, requests not sent, and what was done without."
    empty = "Nothing went wrong in this range."
    return Listing("trouble", "Trouble by kind", caption, columns, rows, empty=empty)


def hint(what: str) -> str:
    """What a fault means for who operates the engine."""
    if what.startswith(REPEATED):
        return "A request that may be repeated was sent once more after such an end of an attempt."
    if what.startswith(UNSENT):
        return UNSENT_MEANS
    usual = "This step of the cache or its upkeep failed: callers were served without it."
    return HINTS.get(what, usual)


UNSENT_MEANS = "A request ended in an error, and no attempt of it had left: no call, no saving."
HINTS = {
    "shed: line full": "Refused at once: OPTIMIZATION_POOL_MAX_WAITING callers waited already.",
    "shed: waited too long": "Refused after waiting: more connections, or fewer slow questions.",
    "shed: circuit open": "Refused at once while Supabase failed: nothing was sent.",
    "circuit open": "The breaker opened: too many calls failed in a row.",
    "circuit half-open": "The breaker let a single call through to see whether Supabase is back.",
    "circuit closed": "Supabase was back, and calls went out again.",
    "unfenced": "A write while Valkey was away: others may read older rows until their TTL ends.",
    "report": "Figures came late, because Valkey did not answer.",
    "lost": "Not counted, because too much waited to be told.",
    "vanished": "A process ended without a goodbye: its last second is missing.",
}


def repeated(counts: Counts) -> int:
    """Requests sent once more."""
    return _number(counts, REPEATED)


def shed(counts: Counts) -> int:
    """Attempts and leases refused here."""
    return _number(counts, SHED)


def _number(counts: Counts, kind: str) -> int:
    return sum(tally.count for what, tally in faults(counts).items() if what.startswith(kind))


def faults(counts: Counts) -> dict[str, Tally]:
    """All that went wrong, by what it was."""
    found: dict[str, Tally] = {}
    for key, tally in counts.tallies.items():
        if key.step in (Step.FAULT, Step.UNSENT):
            what = key.outcome if key.step == Step.FAULT else UNSENT + key.outcome
            found.setdefault(what, Tally()).merge(tally)
    return found
