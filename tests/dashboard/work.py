"""What pools, batches, bills and alert rules leave behind, for the tests of their pages."""

from datetime import datetime, timedelta

from optimizer.domain.recency import MINUTE
from optimizer.domain.rules import Phase
from optimizer.domain.tally import Key, Tally
from optimizer.models import AlertRule, AlertState, AlertTransition


def lasted(seconds: float, count: int = 1, **numbers: int) -> Tally:
    """So many events of equal duration; rows, failed, calls, received and sent in all."""
    tally = Tally()
    for _ in range(count):
        tally.add(seconds)
    for name, number in numbers.items():
        setattr(tally, name, number)
    return tally


def pooled(leases: int = 8, made: int = 2, calls: int = 5, **faults: int) -> dict[Key, Tally]:
    """Leases, calls of two tables that took 20 and 80 ms, and faults ("repeated" is a 503)."""
    names = {"repeated": "repeated: 503", "shed": "shed: line full", "opened": "circuit open"}
    found = {
        Key("lent", "", "", "reused"): lasted(0.0004, leases),
        Key("lent", "", "", "made"): lasted(0.012, made),
        Key("sent", "api.contacts", "read", "ok"): lasted(0.02, calls, received=4000),
        Key("sent", "api.invoices", "read", "ok"): lasted(0.08, 1, received=1000, sent=300),
        Key("sent", "api.invoices", "read", "refused"): lasted(0.03, 1),
    }
    return found | {
        Key("fault", "", "", names.get(what, what)): lasted(0.1, n) for what, n in faults.items()
    }


def batched(
    rows: int = 200, failed: int = 0, calls: int = 2, relation: str = "api.contacts",
    operation: str = "insert", **undone: int,
) -> dict[Key, Tally]:  # fmt: skip
    """One batch, of 30 kB sent and 40 kB received; of rows not done, how many of which status."""
    outcome = "partial" if failed else "ok"
    tally = lasted(0.25, rows=rows, failed=failed, calls=calls, sent=30_000, received=40_000)
    statuses = {Key("undone", relation, operation, how): Tally(n) for how, n in undone.items()}
    return {Key("batched", relation, operation, outcome): tally} | statuses


def stood(rule: AlertRule, *moves: tuple[datetime, Phase]) -> AlertState:
    """A rule with a history, that stands where the last move led."""
    for at, phase in moves:
        AlertTransition.objects.create(rule=rule, at=at, phase=phase)
    at, phase = moves[-1]
    fires = phase in (Phase.FIRING, Phase.RECOVERING)
    return AlertState.objects.create(
        rule=rule, phase=phase, since=at, last_value=41.5, last_samples=120, judged=at,
        alarm_since=at - 2 * MINUTE if fires else None, evaluated_at=at,
    )  # fmt: skip


HOUR = timedelta(hours=1)
