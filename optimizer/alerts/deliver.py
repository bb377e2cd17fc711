"""Sending the outbox: claim a mail, try it once, and store what came of it.

A mail whose sender dies after the server took it and before that is stored is sent again once
the lease is over: at least once, under one Message-ID, and its log says that an attempt was lost.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Max, Q, QuerySet
from django.utils import timezone

from optimizer.alerts import channels, watch
from optimizer.errors import AnswerLost
from optimizer.models import Attempt, Outbox

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 20  # the last one about four hours after the first
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(minutes=15)
LEASE = timedelta(minutes=5)  # longer than a task may run
RUN_LIMIT = timedelta(seconds=60)  # after this no further mail is begun in a run
ERROR_LIMIT = 1000

Clock = Callable[[], datetime]
Result = Attempt.Outcome


def deliver_due(clock: Clock = timezone.now) -> int:
    """Try each mail that is due once; how many were sent."""
    began = clock()
    _bury_abandoned(began)
    # In the order in which they were written: nobody reads of an end before its beginning.
    due = _due(began).order_by("created_at", "pk").values_list("pk", flat=True)
    sent = sum(_try(pk, clock) for pk in due[:100] if clock() - began < RUN_LIMIT)
    watch.beat(watch.DELIVERIES, clock())
    return sent


def retry(mails: QuerySet[Outbox], now: datetime) -> int:
    """Let dead mails be tried again from the start; how many."""
    return mails.filter(state=Outbox.Delivery.DEAD).update(
        state=Outbox.Delivery.PENDING, attempts=0, next_attempt_at=now, lease_until=None
    )


def pause_after(attempts: int) -> timedelta:
    """How long to wait after so many failed attempts."""
    return min(FIRST_PAUSE * (1 << (attempts - 1)), LONGEST_PAUSE)


def _due(now: datetime) -> QuerySet[Outbox]:
    """Mails whose time has come; a time so late that only a clock set back explains it has too."""
    free = Q(lease_until=None) | Q(lease_until__lte=now) | Q(lease_until__gt=now + 2 * LEASE)
    due = Q(next_attempt_at__lte=now) | Q(next_attempt_at__gt=now + 4 * LONGEST_PAUSE)
    return Outbox.objects.filter(free, due, state=Outbox.Delivery.PENDING)


def _bury_abandoned(now: datetime) -> None:
    """Give up mails whose senders died every time they tried."""
    given_up = list(_due(now).filter(attempts__gte=MAX_ATTEMPTS).values_list("pk", flat=True))
    for pk in given_up:
        _lose_open_attempts(pk, now)
    _due(now).filter(pk__in=given_up).update(
        state=Outbox.Delivery.DEAD,
        lease_until=None,
        last_error="The sender was ended each time before the attempt had an outcome.",
    )


def _try(pk: int, clock: Clock) -> bool:
    claimed = _claim(pk, clock())
    if claimed is None:
        return False
    mail, attempt = claimed
    try:
        channels.send(mail, attempt.began_at)
    except Exception as error:  # noqa: BLE001 - each backend has its own; it is stored and shown
        _store_failure(mail, attempt, error, clock())
        return False
    now = clock()
    with transaction.atomic():
        _close(attempt, Result.SENT, "", now)
        _store(mail, state=Outbox.Delivery.SENT, sent_at=now, last_error="")
    return True


@transaction.atomic
def _claim(pk: int, now: datetime) -> tuple[Outbox, Attempt] | None:
    """Take the mail for the length of a lease; None where somebody else was faster."""
    taken = _due(now).filter(pk=pk).update(lease_until=now + LEASE, attempts=F("attempts") + 1)
    if not taken:
        return None
    _lose_open_attempts(pk, now)
    mail = Outbox.objects.get(pk=pk)
    last = mail.log.aggregate(number=Max("number"))["number"] or 0
    return mail, Attempt.objects.create(mail=mail, number=last + 1, began_at=now)


def _lose_open_attempts(pk: int, now: datetime) -> None:
    """Whoever made them has died, before the server's answer or after it: that is not known."""
    Attempt.objects.filter(mail_id=pk, outcome=Result.OPEN).update(
        outcome=Result.LOST, ended_at=now, detail="No outcome was stored before the lease was over."
    )


def _close(attempt: Attempt, outcome: str, detail: str, now: datetime) -> None:
    """Say what came of it, also where somebody has given it up meanwhile: it is the truth."""
    row = Attempt.objects.filter(pk=attempt.pk)
    row.update(outcome=outcome, detail=detail, ended_at=now)


def _store_failure(mail: Outbox, attempt: Attempt, error: Exception, now: datetime) -> None:
    dead = channels.is_final(error) or mail.attempts >= MAX_ATTEMPTS
    told = f"{type(error).__name__}: {error}"[:ERROR_LIMIT]
    log.warning("alert mail %d, attempt %d: %s", mail.pk, mail.attempts, told)
    lost = isinstance(error, AnswerLost)
    with transaction.atomic():
        _close(attempt, Result.UNKNOWN if lost else Result.FAILED, told, now)
        _store(
            mail,
            state=Outbox.Delivery.DEAD if dead else Outbox.Delivery.PENDING,
            next_attempt_at=now + pause_after(mail.attempts),
            last_error=told,
        )


def _store(mail: Outbox, **outcome: object) -> None:
    """Write the outcome, unless the lease ran out and somebody else has tried since."""
    ours = Outbox.objects.filter(pk=mail.pk, attempts=mail.attempts, state=Outbox.Delivery.PENDING)
    if not ours.update(lease_until=None, **outcome):
        log.warning("alert mail %d had been taken over; its outcome was %s", mail.pk, outcome)
