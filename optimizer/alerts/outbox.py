"""Mails are written here in the transaction that decides on them, and sent later by `deliver`."""

from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.utils import timezone

from optimizer.alerts import mails
from optimizer.alerts.mails import Mail, Reader
from optimizer.models import AlertRule, Outbox


def reader() -> Reader:
    """The reporting zone, and where the dashboard is reached."""
    base_url = getattr(settings, "CANVALO_BASE_URL", "http://127.0.0.1:8000")
    return Reader(timezone.get_default_timezone(), base_url)


def put(rule: AlertRule, cause: str, mail: Mail, now: datetime) -> int:
    """Write the mail once for each recipient, never twice for one cause; how many were asked."""
    rows = [_row(rule, cause, mail, address, now) for address in rule.addresses]
    return len(Outbox.objects.bulk_create(rows, ignore_conflicts=True))


def put_trials(rules: Iterable[AlertRule], now: datetime) -> int:
    """Write a test mail for each recipient of each rule; how many."""
    told = reader()
    return sum(
        put(rule, f"test/{now.isoformat()}", mails.trial(rule.name, rule.as_rule(), now, told), now)
        for rule in rules
    )


def _row(rule: AlertRule, cause: str, mail: Mail, address: str, now: datetime) -> Outbox:
    return Outbox(
        key=f"{rule.pk}/{cause}/{address.lower()}",
        rule=rule,
        recipient=address,
        subject=mail.subject,
        text=mail.text,
        html=mail.html,
        next_attempt_at=now,
        created_at=now,
    )
