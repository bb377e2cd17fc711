"""Never another's row, never older than promised: random histories, with the seed in the output.

`CANVALO_STEPS=100000` takes more steps; `--hypothesis-seed=N` repeats a run.
"""

import os
import random
from collections import Counter

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.optimizer.machine.server import Server
from tests.optimizer.machine.tales import Tales

STEPS = int(os.environ.get("CANVALO_STEPS", "10000"))
SETTINGS = settings(
    max_examples=50,
    stateful_step_count=50,
    deadline=None,
    database=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
def server(stack):
    """A Valkey that may be stopped and robbed."""
    made = Server(stack.home.path / "machine")
    yield made
    made.close()


def the_seed(config: pytest.Config) -> int:
    """The one that was asked for, or any."""
    given = config.getoption("--hypothesis-seed", None)
    return random.SystemRandom().getrandbits(32) if given in (None, "random") else int(given)


@pytest.mark.slow
def test_random_histories_keep_every_promise(server, pytestconfig, capsys):
    """Whoever reads, however it happened: it is theirs, and as new as they were promised."""
    drawn = the_seed(pytestconfig)

    class Histories(Tales):
        tally = Counter()

    Histories.server = server
    with capsys.disabled():
        print(f"\n{STEPS} steps; repeat them with --hypothesis-seed={drawn}")
    while Histories.tally["steps"] < STEPS:
        run_state_machine_as_test(seed(drawn)(Histories), settings=SETTINGS)
        drawn += 1
    with capsys.disabled():
        print(", ".join(f"{count} {what}" for what, count in sorted(Histories.tally.items())))
    assert _share_of_hits(Histories.tally) > 0.2, "it checked Supabase and not the cache"


def _share_of_hits(tally: Counter[str]) -> float:
    answers = {what: count for what, count in tally.items() if " from " in what}
    hits = sum(count for what, count in answers.items() if what.startswith("hit"))
    return hits / sum(answers.values())
