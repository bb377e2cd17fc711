"""Sending the outbox: claim a mail, try it once, and store what came of it.

A mail whose sender dies after the server took it and before that is stored is sent again once
the lease is over: at least once, under one Message-ID.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from email.utils import parseaddr
from hashlib import sha256
from smtplib import SMTPDataError, SMTPRecipientsRefused, SMTPSenderRefused

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from optimizer.models import Outbox

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 10  # the last one about four hours after the first
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(hours=1)
LEASE = timedelta(minutes=5)  # longer than a task may run
RUN_LIMIT = timedelta(seconds=60)  # after this no further mail is begun in a run
ERROR_LIMIT = 1000

Clock = Callable[[], datetime]


def deliver_due(clock: Clock = timezone.now) -> int:
    """Try each mail that is due once; how many were sent."""
    began = clock()
    _bury_abandoned(began)
    due = _due(began).order_by("next_attempt_at").values_list("pk", flat=True)
    return sum(_try(pk, clock) for pk in due[:100] if clock() - began < RUN_LIMIT)


def retry(mails: QuerySet[Outbox], now: datetime) -> int:
    """Let dead mails be tried again from the start; how many."""
    return mails.filter(state=Outbox.Delivery.DEAD).update(
        state=Outbox.Delivery.PENDING, attempts=0, next_attempt_at=now, lease_until=None
    )


def pause_after(attempts: int) -> timedelta:
    """How long to wait after so many failed attempts."""
    return min(FIRST_PAUSE * (1 << (attempts - 1)), LONGEST_PAUSE)


def is_final(error: Exception) -> bool:
    """Whether the server refused this very mail for good (5xx), so that trying again is vain."""
    if isinstance(error, SMTPRecipientsRefused):
        return all(code >= 500 for code, _ in error.recipients.values())
    return isinstance(error, SMTPSenderRefused | SMTPDataError) and error.smtp_code >= 500


def _due(now: datetime) -> QuerySet[Outbox]:
    free = Q(lease_until=None) | Q(lease_until__lte=now)
    return Outbox.objects.filter(free, state=Outbox.Delivery.PENDING, next_attempt_at__lte=now)


def _bury_abandoned(now: datetime) -> None:
    """Give up mails whose senders died every time they tried."""
    _due(now).filter(attempts__gte=MAX_ATTEMPTS).update(
        state=Outbox.Delivery.DEAD,
        lease_until=None,
        last_error="The sender was ended each time before the attempt had an outcome.",
    )


def _try(pk: int, clock: Clock) -> bool:
    mail = _claim(pk, clock())
    if mail is None:
        return False
    try:
        _message(mail).send()
    except Exception as error:  # noqa: BLE001 - each backend has its own; it is stored and shown
        _store_failure(mail, error, clock())
        return False
    _store(mail, state=Outbox.Delivery.SENT, sent_at=clock(), last_error="")
    return True


def _claim(pk: int, now: datetime) -> Outbox | None:
    """Take the mail for the length of a lease; None where somebody else was faster."""
    taken = _due(now).filter(pk=pk).update(lease_until=now + LEASE, attempts=F("attempts") + 1)
    return Outbox.objects.get(pk=pk) if taken else None


def _store_failure(mail: Outbox, error: Exception, now: datetime) -> None:
    dead = is_final(error) or mail.attempts >= MAX_ATTEMPTS
    told = f"{type(error).__name__}: {error}"[:ERROR_LIMIT]
    log.warning("alert mail %d, attempt %d: %s", mail.pk, mail.attempts, told)
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


def _message(mail: Outbox) -> EmailMultiAlternatives:
    headers = {"Message-ID": _message_id(mail), "Auto-Submitted": "auto-generated"}
    message = EmailMultiAlternatives(mail.subject, mail.text, to=[mail.recipient], headers=headers)
    message.attach_alternative(mail.html, "text/html")
    return message


def _message_id(mail: Outbox) -> str:
    """The same for every attempt, so that a mail program shows a repeated mail once."""
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    return f"<{sha256(mail.key.encode()).hexdigest()[:32]}@{domain}>"
