"""truth: a checker of histories; no read may miss a write that it was promised.

Four processes with eight clients each read and write twenty rows at random, by way of the engine
and supabase-py, and log when each operation began and ended. What each read had to see follows from
the log and from the order of commits that PostgreSQL noted (`checker.py`). A row with a bar of 0
counts violations beside what was checked.
"""

from benchmarks.report import Row


def run(quick: bool, seconds: float | None = None) -> list[Row]:
    """Calm in each mode, then one trouble at a time; with `quick` the calm runs alone."""
    from benchmarks.truth import scenarios
    from benchmarks.truth.place import place

    chosen = scenarios.CALM if quick else (*scenarios.CALM, *scenarios.TROUBLED)
    each = seconds or (4.0 if quick else 30.0)
    with place() as where:
        return [row for scenario in chosen for row in scenarios.run(where, scenario, each)]
