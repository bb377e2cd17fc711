"""Worlds too large for every run: more ticks, more writers, more faults at once."""

from tests.protocol.plan import Plan
from tests.protocol.scenarios import BY_FILTER, HERE, POINT, THERE, UNPROVEN
from tests.protocol.state import Faults

WIDE = {
    "two writers, a death and a webhook": Plan(
        (HERE, THERE), ((1, "own"),), Faults(crash=1, webhook=1), until=3, polls=()
    ),
    "a late L1 fill, to the bound": Plan(
        (HERE,), ((1, "own"), (1, "plain")), until=4, bound=1, polls=(1,)
    ),
    "a restart, heard on the stream": Plan(
        (HERE,), ((1, "plain"),), Faults(restart=1, crash=1), until=5, warm=True, polls=(1,)
    ),
    "two writers of unknown rows": Plan(
        (BY_FILTER, UNPROVEN), ((0, "own"), (1, "strict")), Faults(unknown=1), until=3,
        tags=POINT, polls=(),
    ),
    "stale instead of an error, newer than an own write": Plan(
        (HERE, THERE), ((1, "own"), (0, "plain")), Faults(error=1), until=0, polls=()
    ),
    "many faults at once": Plan(
        (HERE, THERE), ((0, "own"), (1, "token")),
        Faults(crash=1, unknown=1, webhook=1, lost_reply=1, trim=1, restart=1),
        until=4, warm=True, joins=True,
    ),
}  # fmt: skip
