"""Judging the rules: read the figures, decide, and write state and mails in one transaction.

Of two evaluators at once one moves the state row on from the version that both read; the other's
UPDATE then meets no row, and it mails nothing.
"""

import logging
from datetime import datetime

from django.db import transaction
from django.db.models import F

from optimizer.alerts import mails, outbox, series
from optimizer.domain.rules import Observation, State, Transition, step
from optimizer.models import AlertRule, AlertState

log = logging.getLogger(__name__)


def evaluate_all(now: datetime) -> int:
    """Judge every enabled rule; the number of mails that this wrote."""
    until = series.data_until(now)
    return sum(evaluate(rule, until, now) for rule in AlertRule.objects.filter(enabled=True))


def evaluate(rule: AlertRule, until: datetime | None, now: datetime) -> int:
    """Judge one rule on what is stored before `until`; the number of mails that this wrote."""
    before, _ = AlertState.objects.get_or_create(rule=rule, defaults={"since": now})
    seen = series.hit_rate(rule.as_rule(), until)
    after, turn = step(rule.as_rule(), before.as_state(), seen, now)
    with transaction.atomic():
        won = _claim(before, after, seen, now)
        return _mail(rule, seen, turn, now) if won and turn else 0


def _claim(before: AlertState, after: State, seen: Observation, now: datetime) -> bool:
    """Move the state row on, unless somebody else did since it was read."""
    row = AlertState.objects.filter(pk=before.pk, version=before.version)
    moved = row.update(
        version=F("version") + 1,
        phase=after.phase,
        since=after.since,
        alarm_since=after.alarm_since,
        judged=after.judged,
        last_value=seen.value,
        last_samples=seen.samples,
        evaluated_at=now,
    )
    return moved == 1


def _mail(rule: AlertRule, seen: Observation, turn: Transition, now: datetime) -> int:
    log.warning("alert rule %r: %s", rule.name, turn.event)
    mail = mails.alert(rule.name, rule.as_rule(), seen, turn, now, outbox.reader())
    return outbox.put(rule, f"{turn.event}/{turn.at.isoformat()}", mail, now)
