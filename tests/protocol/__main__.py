"""Print the steps to the broken promise: `python -m tests.protocol [NAME …]`, by default all."""

import sys

from tests.protocol.scenarios import SCENARIOS
from tests.protocol.search import search

MOST = 100_000  # states


def main(names: list[str]) -> int:
    """Search the named scenarios without their clause; 2 where there is none of that name."""
    chosen = [scenario for scenario in SCENARIOS if not names or scenario.name in names]
    if not chosen:
        print("there is:", *(scenario.name for scenario in SCENARIOS), sep="\n  ", file=sys.stderr)
        return 2
    for scenario in chosen:
        print(f"{scenario.name}, without {scenario.clause}:")
        print(search(scenario.broken, MOST))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
