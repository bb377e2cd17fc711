"""Judging the rules: read the figures, decide, and write state and notices in one transaction.

Of two evaluators at once one moves the state row on from the version that both read; the other's
UPDATE then meets no row, and it tells nothing.
"""

import logging
from datetime import datetime

from django.db import DatabaseError, InterfaceError, OperationalError, transaction
from django.db.models import F

from optimizer.alerts import notices, series, watch
from optimizer.domain.rules import Observation, Rule, State, step
from optimizer.models import AlertRule, AlertState, AlertTransition

log = logging.getLogger(__name__)


def evaluate_all(now: datetime) -> int:
    """Judge every enabled rule; the number of notices that this wrote."""
    until = series.data_until(now)
    written = sum(evaluate(rule, until, now) for rule in AlertRule.objects.filter(enabled=True))
    watch.beat(watch.EVALUATIONS, now)
    return written


def evaluate(rule: AlertRule, until: datetime | None, now: datetime) -> int:
    """Judge one rule on what is stored before `until`; the number of notices that this wrote."""
    before, _ = AlertState.objects.get_or_create(rule=rule, defaults={"since": now})
    judged_by = rule.as_rule()
    seen = _observed(rule, judged_by, until, now)
    after, turn = step(judged_by, before.as_state(), seen, now)
    with transaction.atomic():
        if not _claim(before, after, seen, now) or turn is None:
            return 0
        log.warning("alert rule %r: %s", rule.name, turn.event)
        return notices.put_turn(rule, seen, turn, now)


def _observed(
    rule: AlertRule, judged_by: Rule, until: datetime | None, now: datetime
) -> Observation:
    """The rule's figure; where it cannot be read that is a state, and other rules are judged.

    A lost connection is not this rule's fault: raises OperationalError or InterfaceError.
    """
    try:
        with transaction.atomic():
            return series.observe(judged_by, until, now)
    except (OperationalError, InterfaceError):
        raise
    except (DatabaseError, ArithmeticError, ValueError, TypeError) as error:
        log.exception("alert rule %r cannot be judged", rule.name)
        return Observation(until, None, 0, f"{type(error).__name__}: {error}"[:500])


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
