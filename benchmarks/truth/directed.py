"""For each safeguard of the cache one course of events in which it alone keeps a read right.

Nothing is left to chance: requests are held on their way until what must come between has come.
"""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import TimeoutError as NotYet
from contextlib import suppress

from benchmarks.truth.checker import Verdict, judge
from benchmarks.truth.crew import Worker
from benchmarks.truth.gates import Hold, Point
from benchmarks.truth.history import Kind, Mode
from benchmarks.truth.place import BOUND, SHORT_LIFE, TERMS, Place, Team
from canvalo.devstack.waiting import until

_KEPT_WITHIN = 2 * SHORT_LIFE  # s
_JOINED_WITHIN = 2.0  # s in which a read that joins another's fetch has done so
_ROW = 7
_ROUNDS, _AT_ONCE = 3, 20  # a process that wakes up may hear of a write before it is asked

Course = Callable[[Place, Team], None]


def late_fill(place: Place, team: Team) -> None:
    """A write passes a read of the same process, whose answer is kept only after the write."""
    worker = team.members[0]
    _until_kept(worker)
    worker.write(_ROW, Mode.PLAIN)
    hold = place.gates.hold(worker.port, Kind.READ, Point.ANSWERED)
    overtaken = worker.reading(_ROW, Mode.PLAIN)
    hold.wait()
    worker.write(_ROW, Mode.PLAIN)
    hold.release()
    overtaken()
    worker.read(_ROW, Mode.PLAIN)


def late_joiner(place: Place, team: Team) -> None:
    """After its own write a process asks again, while its fetch from before is still under way."""
    worker = team.members[0]
    _until_kept(worker)
    worker.write(_ROW, Mode.PLAIN)
    hold = place.gates.hold(worker.port, Kind.READ, Point.ANSWERED)
    overtaken = worker.reading(_ROW, Mode.PLAIN)
    hold.wait()
    worker.write(_ROW, Mode.PLAIN)
    second = worker.reading(_ROW, Mode.PLAIN)
    with suppress(NotYet):
        second.future.result(_JOINED_WITHIN)
    hold.release()
    overtaken()
    second()


def fill_before_a_lost_write(place: Place, team: Team) -> None:
    """Another process fetches before a write commits, whose writer then dies."""
    writer, other = team.members
    _until_kept(other)
    writer.write(_ROW, Mode.PLAIN)
    hold = place.gates.hold(writer.port, Kind.WRITE, Point.ARRIVED)
    writer.writing(_ROW, Mode.PLAIN)
    hold.wait()
    other.read(_ROW, Mode.PLAIN)
    committed = place.gates.hold(writer.port, Kind.WRITE, Point.ANSWERED)
    hold.release()
    _die(team, committed)
    other.read(_ROW, Mode.PLAIN)


def kept_before_a_lost_write(place: Place, team: Team) -> None:
    """Another process has the row in its own tier when a writer commits and dies."""
    writer, other = team.members
    _until_kept(other)
    committed = place.gates.hold(writer.port, Kind.WRITE, Point.ANSWERED)
    writer.writing(_ROW, Mode.PLAIN)
    _die(team, committed)
    other.read(_ROW, Mode.PLAIN)


def back_from_a_snapshot(place: Place, team: Team) -> None:
    """Valkey is killed after a write, and comes back as it was before it."""
    writer, other = team.members
    _until_kept(other)
    place.valkey.keep()
    writer.write(_ROW, Mode.PLAIN)
    place.valkey.kill()
    place.valkey.start(kept=True)
    _until_kept(writer)  # the first reads may meet a broken connection, and ask Supabase


def behind(place: Place, team: Team) -> None:
    """A process is asked for a write's token the moment it runs again, before it heard of it."""
    for _ in range(_ROUNDS):
        _wake(team, 0.3 * BOUND, Mode.TOKEN)


def long_behind(place: Place, team: Team) -> None:
    """A process is asked the moment it runs again after longer than the bound."""
    for _ in range(_ROUNDS):
        _wake(team, 2 * BOUND, Mode.PLAIN)


COURSES: Mapping[str, Course] = {
    "stamps": late_fill,
    "l1pos": late_fill,
    "join": late_joiner,
    "marker": fill_before_a_lost_write,
    "begin": kept_before_a_lost_write,
    "epoch": back_from_a_snapshot,
    "token": behind,
    "lease": long_behind,
}


def run(place: Place, safeguard: str, off: bool) -> Verdict:
    """The course that needs this safeguard, with it or without."""
    with place.workers(2, safeguard if off else None, marker_life=SHORT_LIFE) as team:
        COURSES[safeguard](place, team)
        return judge(team.history(), TERMS)


def _until_kept(worker: Worker) -> None:
    """Read until the row comes from the cache: what happened before may keep it out for a while."""
    until(
        lambda: worker.read(_ROW, Mode.PLAIN).cache == "hit",
        _KEPT_WITHIN,
        lambda: "the row is not kept",
    )


def _wake(team: Team, seconds: float, mode: Mode) -> None:
    """Write while another process, which holds the row, does not run; then ask that one."""
    writer, other = team.members
    _until_kept(other)
    other.pause()
    written = writer.write(_ROW, Mode.PLAIN)
    known = (written.value or 0, written.token) if mode is Mode.TOKEN else None
    asked = [other.reading(_ROW, mode, known) for _ in range(_AT_ONCE)]
    time.sleep(seconds)
    other.resume()
    for answer in asked:
        answer()


def _die(team: Team, committed: Hold) -> None:
    """Kill the writer when its write is committed, and wait until nobody may miss it any more."""
    committed.wait()
    team.members[0].kill()
    committed.release()
    time.sleep(TERMS.unknown_for + BOUND)
