"""Random load while one thing goes wrong, judged by its history."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.report import Row
from benchmarks.truth import rows
from benchmarks.truth.checker import judge
from benchmarks.truth.gates import Point, Waits
from benchmarks.truth.history import History, Kind, Mode
from benchmarks.truth.place import SHORT_LIFE, TERMS, Place, Team

_WAITS = Waits(
    write_arrived=0.01, write_answered=0.3, read_answered=0.002, overtaken=10, at_most=1.0
)
_THOUGHT, _REST = 0.045, 22.0  # s; times what a write took
_PAUSED, _HICCUP, _STOPPED = 3.0, 0.8, 5.0  # s: a process, twice; Valkey
_BETWEEN = 0.5  # s in which a process that is often paused runs
_LONG = 20.0  # s; a shorter run is too much up to chance to be held to the bars on its traffic
_AWAY = 1.0  # s that a killed Valkey is away
_SEED = 20_261_125
_LATE = 45.0  # s that the last answers of a load may take: a write's own deadline, and some

Trouble = Callable[[Place, Team, float], None]


def calm(place: Place, team: Team, seconds: float) -> None:
    """Nothing goes wrong."""


def killed(place: Place, team: Team, seconds: float) -> None:
    """A process is killed when its write is committed and not yet acknowledged."""
    victim = team.members[-1]
    _pass(seconds / 3)
    hold = place.gates.hold(victim.port, Kind.WRITE, Point.ANSWERED)
    hold.wait()
    victim.kill()
    hold.release()


def paused(place: Place, team: Team, seconds: float) -> None:
    """A process does not run: for less than the bound, several times, then for three seconds."""
    victim = team.members[-1]
    for length in (*[_HICCUP] * int(seconds / 3), _PAUSED):
        _pass(_BETWEEN)
        victim.pause()
        _pass(length)
        victim.resume()


def emptied(place: Place, team: Team, seconds: float) -> None:
    """Valkey is killed and comes back with nothing."""
    _pass(seconds / 3)
    place.valkey.kill()
    _pass(_AWAY)
    place.valkey.start(kept=False)


def restored(place: Place, team: Team, seconds: float) -> None:
    """Valkey is killed and comes back as it was a while ago."""
    _pass(seconds / 4)
    place.valkey.keep()
    _pass(seconds / 4)
    place.valkey.kill()
    _pass(_AWAY)
    place.valkey.start(kept=True)


def stopped(place: Place, team: Team, seconds: float) -> None:
    """Valkey does not run for five seconds."""
    _pass(seconds / 3)
    place.valkey.pause()
    _pass(_STOPPED)
    place.valkey.resume()


@dataclass(frozen=True, slots=True)
class Scenario:
    """A trouble and the modes in which clients work meanwhile, side by side."""

    name: str
    trouble: Trouble
    modes: tuple[Mode, ...]


CALM = tuple(Scenario(f"calm, {mode}", calm, (mode,)) for mode in Mode)
TROUBLED = tuple(
    Scenario(name, trouble, tuple(Mode))
    for name, trouble in (
        ("process killed before its answer", killed),
        ("process paused 3 s", paused),
        ("Valkey back empty", emptied),
        ("Valkey back from a snapshot", restored),
        ("Valkey paused 5 s", stopped),
    )
)


def run(place: Place, scenario: Scenario, seconds: float) -> list[Row]:
    """One scenario with workers of its own; its rows."""
    history = play(place, scenario, seconds)
    verdict = judge(history, TERMS)
    in_calm = scenario.trouble is calm
    return [
        *rows.correctness(scenario.name, verdict, TERMS),
        *(rows.traffic(scenario.name, verdict, seconds >= _LONG) if in_calm else []),
        *rows.circumstances(scenario.name, verdict, history.pauses),
    ]


def play(place: Place, scenario: Scenario, seconds: float) -> History:
    """Let the load run while the trouble happens; what was done."""
    place.gates.waits = _WAITS
    try:
        with place.workers(marker_life=SHORT_LIFE) as team:
            loads = [member.load(**_load(scenario, seconds)) for member in team.members]
            scenario.trouble(place, team, seconds)
            for load in loads:
                load.end(seconds + _LATE)
            return team.history()
    finally:
        place.gates.waits = Waits()


def _load(scenario: Scenario, seconds: float) -> dict[str, object]:
    return {
        "seconds": seconds,
        "modes": scenario.modes,
        "thought": _THOUGHT,
        "rest": _REST,
        "seed": _SEED,
    }


def _pass(seconds: float) -> None:
    time.sleep(seconds)
