"""Where the alert rules stand, what fired, who is quiet, and what became of the mails."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q
from django.utils import timezone

from optimizer.domain.measures import Direction, Metric
from optimizer.domain.rules import Phase
from optimizer.models import AlertRule, AlertState, AlertTransition, Notice, Outbox, Pulse, Silence

MOST_MOVES = 2000  # of one range, the newest
MOST_MAILS = 50


@dataclass(frozen=True, slots=True)
class Standing:
    """A rule and where it stands; `value` is None where nothing is known."""

    pk: int
    name: str
    enabled: bool
    severity: str
    metric: Metric
    relation: str
    direction: Direction
    fire_at: float
    recover_at: float
    window_minutes: int
    for_minutes: int
    phase: Phase | None  # None: not judged yet
    since: datetime | None
    alarm_since: datetime | None
    value: float | None
    samples: int
    error: str
    told: int  # addresses

    @property
    def fires(self) -> bool:
        """Whether an alarm is open."""
        return self.alarm_since is not None


@dataclass(frozen=True, slots=True)
class PhaseSpan:
    """How long a rule stood somewhere; `end` is None where it stands there still."""

    rule: str
    phase: Phase
    start: datetime
    end: datetime | None


@dataclass(frozen=True, slots=True)
class Quieted:
    """A silence or maintenance."""

    pk: int
    kind: str
    reason: str
    starts: datetime
    ends: datetime
    weekly: bool
    holds: bool  # now
    rules: tuple[str, ...] | None  # None: all of them
    by: str


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail or webhook call, and what became of it."""

    created: datetime
    subject: str
    recipient: str
    state: str
    attempts: int
    next_attempt: datetime
    sent: datetime | None
    error: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """The state of the delivery log; `ran` is when mails were last looked after."""

    pending: int
    sent: int
    dead: int
    held: int  # notices that wait for their mail
    ran: datetime | None
    newest: tuple[Mail, ...]


def standings() -> list[Standing]:
    """Every rule, those with an open alarm first."""
    rules = AlertRule.objects.select_related("state").order_by("name")
    return sorted(map(_standing, rules), key=lambda one: (not one.fires, one.name.casefold()))


def phases(start: datetime, end: datetime) -> list[PhaseSpan]:
    """Where each rule stood in a range, as far as that was noted; the newest first."""
    moves = AlertTransition.objects.select_related("rule").filter(at__lt=end)
    before = moves.filter(at__lt=start).order_by("rule_id", "-at", "-pk").distinct("rule_id")
    within = moves.filter(at__gte=start).order_by("-at", "-pk")[:MOST_MOVES]
    found = list(map(_spans, _by_rule([*before, *within]).values()))
    whole = [span for spans in found for span in spans if span.end is None or span.end > start]
    return sorted(whole, key=lambda span: (span.start, span.rule), reverse=True)


def silences(start: datetime, now: datetime) -> list[Quieted]:
    """Those that hold, are still to come, or ended since `start`."""
    zone = timezone.get_default_timezone()
    rows = Silence.objects.filter(Q(weekly=True) | Q(ends_at__gt=start))
    rows = rows.select_related("author").prefetch_related("rules").order_by("-starts_at")
    return [_quieted(row, row.as_quiet().holds(now, zone)) for row in rows]


def delivery() -> Delivery:
    """How many mails are in which state, and the newest."""
    counted = Outbox.objects.order_by().values_list("state").annotate(number=Count("pk"))
    states: Mapping[str, int] = dict(counted)
    pulse = Pulse.objects.filter(name="deliveries").first()
    return Delivery(
        pending=states.get("pending", 0),
        sent=states.get("sent", 0),
        dead=states.get("dead", 0),
        held=Notice.objects.filter(fate=Notice.Fate.WAITING).count(),
        ran=pulse.at if pulse else None,
        newest=tuple(map(_mail, Outbox.objects.order_by("-created_at", "-pk")[:MOST_MAILS])),
    )


def _standing(rule: AlertRule) -> Standing:
    state: AlertState | None = getattr(rule, "state", None)
    return Standing(
        pk=rule.pk,
        name=rule.name,
        enabled=rule.enabled,
        severity=rule.severity,
        metric=Metric(rule.metric),
        relation=rule.relation,
        direction=Direction(rule.direction),
        fire_at=float(rule.fire_at),
        recover_at=float(rule.recover_at),
        window_minutes=rule.window_minutes,
        for_minutes=rule.for_minutes,
        phase=Phase(state.phase) if state else None,
        since=state.since if state else None,
        alarm_since=state.alarm_since if state else None,
        value=state.last_value if state else None,
        samples=state.last_samples if state else 0,
        error=state.error if state else "",
        told=len(rule.addresses),
    )


def _quieted(row: Silence, holds: bool) -> Quieted:
    named = tuple(rule.name for rule in row.rules.all())
    rules = None if row.of is None else named
    by = row.author.get_username() if row.author else ""
    return Quieted(
        row.pk, row.kind, row.reason, row.starts_at, row.ends_at, row.weekly, holds, rules, by
    )  # fmt: skip


def _by_rule(moves: Iterable[AlertTransition]) -> dict[int, list[AlertTransition]]:
    found: dict[int, list[AlertTransition]] = {}
    for move in sorted(moves, key=lambda one: (one.at, one.pk)):
        found.setdefault(move.rule_id, []).append(move)
    return found


def _spans(moves: Sequence[AlertTransition]) -> list[PhaseSpan]:
    ends = [*(move.at for move in moves[1:]), None]
    return [
        PhaseSpan(move.rule.name, Phase(move.phase), move.at, end)
        for move, end in zip(moves, ends, strict=True)
    ]


def _mail(row: Outbox) -> Mail:
    return Mail(
        row.created_at, row.subject, row.recipient, row.state, row.attempts, row.next_attempt_at,
        row.sent_at, row.last_error,
    )  # fmt: skip
