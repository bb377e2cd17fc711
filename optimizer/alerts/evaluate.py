"""Judging the rules: read the figures, decide, and write state and notices in one transaction.

Of two evaluators at once one moves the state row on from the version that both read; the other's
UPDATE then meets no row, and it tells nothing.
"""

import logging
from datetime import datetime

from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction
from django.db.models import F, Q

from optimizer.alerts import notices, series, watch
from optimizer.domain.rules import Observation, Outcome, Phase, Rule, State, closed, step
from optimizer.models import AlertRule, AlertState, AlertTransition

log = logging.getLogger(__name__)

READING_LIMIT = 10_000  # ms for a statement that reads a figure: one rule must not hold up the rest
CANCELLED = "57014"  # PostgreSQL's code for a statement that took too long


def evaluate_all(now: datetime) -> int:
    """Judge every enabled rule; the number of notices that this wrote."""
    until = series.data_until(now)
    still_open = Q(state__alarm_since__isnull=False)
    rules = AlertRule.objects.filter(Q(enabled=True) | still_open)
    written = sum(_in_turn(rule, until, now) for rule in rules)
    watch.beat(watch.EVALUATIONS, now)
    return written


def _in_turn(rule: AlertRule, until: datetime | None, now: datetime) -> int:
    """Judge a rule, or close one that is off; a fault of its own is its state, and others go on.

    A lost connection is not this rule's fault: raises OperationalError or InterfaceError.
    """
    try:
        return evaluate(rule, until, now) if rule.enabled else retire(rule, "switched off", now)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        log.exception("alert rule %r cannot be judged", rule.name)
        _break(rule, error, now)
        return 0


def evaluate(rule: AlertRule, until: datetime | None, now: datetime) -> int:
    """Judge one rule on what is stored before `until`; the number of notices that this wrote."""
    before, _ = AlertState.objects.get_or_create(rule=rule, defaults={"since": now})
    judged_by = rule.as_rule()
    seen = _observed(rule, judged_by, until, now)
    return _tell(rule, before, step(judged_by, before.as_state(), seen, now), seen, now)


@transaction.atomic
def retire(rule: AlertRule, why: str, now: datetime) -> int:
    """Close the open alarm of a rule that is judged no more, and tell; the number of notices.

    Its state is locked meanwhile: a rule that is deleted has no second try.
    """
    states = AlertState.objects.select_for_update()
    before = states.filter(rule=rule, alarm_since__isnull=False).first()
    if before is None:
        return 0
    seen = Observation(before.judged, before.last_value, before.last_samples)
    return _tell(rule, before, closed(rule.as_rule(), before.as_state(), why, now), seen, now)


def _tell(
    rule: AlertRule, before: AlertState, outcome: Outcome, seen: Observation, now: datetime
) -> int:
    after, turn = outcome
    with transaction.atomic():
        if not _claim(before, after, seen, now) or turn is None:
            return 0
        log.warning("alert rule %r: %s", rule.name, turn.event)
        return notices.put_turn(rule, seen, turn, now, before.version + 1)


def _observed(
    rule: AlertRule, judged_by: Rule, until: datetime | None, now: datetime
) -> Observation:
    """The rule's figure; where it cannot be read that is a state."""
    try:
        with transaction.atomic():
            _limit_statements()
            return series.observe(judged_by, until, now)
    except (DatabaseError, ArithmeticError, ValueError, TypeError) as error:
        if _is_connection_lost(error):
            raise
        log.exception("the figure of alert rule %r cannot be read", rule.name)
        return Observation(until, None, 0, _said(error))


def _limit_statements() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(READING_LIMIT)])


def _is_connection_lost(error: Exception) -> bool:
    took_too_long = getattr(error.__cause__, "sqlstate", None) == CANCELLED
    return isinstance(error, OperationalError) and not took_too_long


def _break(rule: AlertRule, error: Exception, now: datetime) -> None:
    """The rule itself cannot be judged; an open alarm stays open. Deleted meanwhile: no row."""
    row = AlertState.objects.filter(rule_id=rule.pk).exclude(phase=Phase.ERROR)
    if row.update(since=now):
        AlertTransition.objects.create(rule_id=rule.pk, at=now, phase=Phase.ERROR)
    AlertState.objects.filter(rule_id=rule.pk).update(
        version=F("version") + 1, phase=Phase.ERROR, error=_said(error), evaluated_at=now
    )


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:500]


def _claim(before: AlertState, after: State, seen: Observation, now: datetime) -> bool:
    """Move the state row on, unless somebody else did since it was read; note where it went."""
    row = AlertState.objects.filter(pk=before.pk, version=before.version)
    moved = row.update(
        version=F("version") + 1,
        phase=after.phase,
        since=after.since,
        alarm_since=after.alarm_since,
        judged=after.judged,
        told=after.told,
        watched=after.watched,
        terms=after.terms,
        last_value=seen.value,
        last_samples=seen.samples,
        error=seen.error,
        evaluated_at=now,
    )
    if moved and before.phase != after.phase:
        AlertTransition.objects.create(rule_id=before.pk, at=after.since, phase=after.phase)
    return moved == 1
