"""load: the whole product at the highest rate that the machine holds, parts restarted meanwhile.

Two web processes, worker, beat, Valkey and the stand-in; callers read and write contacts as one
user, and judge every answer by what they have written. Worker, beat, Valkey and the stand-in are
restarted once each. Half an hour, or with `quick` under a minute; `seconds` is another length.
"""

from benchmarks.report import Row


def run(quick: bool, seconds: float | None = None) -> list[Row]:
    """Bars: no wrong answer, no request broken off, no count lost, memory flat."""
    from benchmarks.load.scenario import run as load

    return load(seconds or (40.0 if quick else 1800.0), quick)
