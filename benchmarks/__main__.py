"""The command behind `script/bench`: `python -m benchmarks NAME [--quick] [--json]`.

`--seconds N`, for the benches `truth` and `load` alone, is the length of each of their runs.
"""

import argparse
import signal
import sys
from collections.abc import Callable, Sequence
from types import FrameType

from benchmarks import (
    batch,
    cache,
    dashboard,
    flow,
    load,
    machine,
    metrics,
    pool,
    precision,
    report,
    scenarios,
    standin,
    truth,
)
from benchmarks.measure import NotComparable
from benchmarks.report import Row
from benchmarks.truth.trouble import RunFailed
from canvalo.devstack.errors import DevstackError

_MODULES = (
    standin, flow, scenarios, truth, cache, precision, pool, batch, metrics, dashboard, load,
)  # fmt: skip
BENCHES: dict[str, Callable[..., list[Row]]] = {
    module.__name__.rpartition(".")[2]: module.run for module in _MODULES
}
_LONG = ("truth", "load")


def main(arguments: Sequence[str]) -> int:
    """Run one bench; the exit code: 0 where every bar holds, 1 where one does not, 2 for misuse."""
    options = _parse(arguments)
    if options.name is None:
        print("\n".join(str(module.__doc__).splitlines()[0] for module in _MODULES))
        return 0
    print(machine.describe(), flush=True)
    more = {} if options.seconds is None else {"seconds": options.seconds}
    rows = BENCHES[options.name](options.quick, **more)
    print(f"\n{report.table(rows)}")
    if options.json:
        print(report.as_json(options.name, rows))
    return 0 if report.passed(rows) else 1


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="script/bench", description="Measure, side by side with the plain way."
    )
    parser.add_argument("name", nargs="?", help="which bench; without it they are listed")
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    parser.add_argument("--json", action="store_true", help="end with the rows as one JSON object")
    parser.add_argument("--seconds", type=float, help="truth, load: length of a run")
    options = parser.parse_args(arguments)
    if options.name not in (None, *BENCHES):
        parser.error(f"there is no bench {options.name!r}, only {', '.join(BENCHES)}")
    if options.seconds is not None and (options.name not in _LONG or options.seconds <= 0):
        parser.error("--seconds is for the benches 'truth' and 'load' alone, and more than 0")
    return options


def _interrupted(_signum: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt  # so that the servers are stopped and removed


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _interrupted)
    signal.signal(signal.SIGHUP, _interrupted)
    try:
        sys.exit(main(sys.argv[1:]))
    except (DevstackError, NotComparable, RunFailed) as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
