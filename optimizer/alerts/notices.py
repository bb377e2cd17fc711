"""Notices: what is to be told to whom, written in the transaction that decides on it."""

from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.utils import timezone

from optimizer.alerts import telling
from optimizer.alerts.telling import Reader, Telling, Told
from optimizer.domain.rules import Event, Observation, Transition
from optimizer.models import AlertRule, Notice, Recipient
from optimizer.models.addresses import same


def put_turn(
    rule: AlertRule, seen: Observation, turn: Transition, now: datetime, version: int
) -> int:
    """Write the turn once for each recipient; how many. `version` is the state's that it led to."""
    cause = f"{turn.event}/{version}"
    told = _told(rule)
    rows = [
        _row(rule, cause, address, telling.turn(told, seen, turn, now, reader), now)
        for address, reader in _readers(rule)
    ]
    return len(Notice.objects.bulk_create(rows, ignore_conflicts=True))


def put_trials(rules: Iterable[AlertRule], now: datetime) -> int:
    """Write a test for each recipient of each rule; how many."""
    rows = [
        _row(rule, f"test/{now.isoformat()}", address, telling.trial(_told(rule), now, reader), now)
        for rule in rules
        for address, reader in _readers(rule)
    ]
    return len(Notice.objects.bulk_create(rows, ignore_conflicts=True))


def base_url() -> str:
    """Where people reach the dashboard."""
    return getattr(settings, "CANVALO_BASE_URL", "http://127.0.0.1:8000").rstrip("/")


def _told(rule: AlertRule) -> Told:
    return Told(rule.name, rule.severity, rule.as_rule())


def _readers(rule: AlertRule) -> list[tuple[str, Reader]]:
    """Each recipient, with its zone."""
    addresses = {same(address): address for address in rule.addresses}
    known = Recipient.objects.filter(address__in=addresses).exclude(time_zone="")
    zones = {recipient.address: recipient.zone for recipient in known}
    usual, base = timezone.get_default_timezone(), base_url()
    return [(a, Reader(zones.get(key) or usual, base)) for key, a in addresses.items()]


def _row(rule: AlertRule, cause: str, address: str, told: Telling, now: datetime) -> Notice:
    return Notice(
        key=f"{rule.pk}/{cause}/{same(address)}",
        rule=rule,
        recipient=address,
        event=Event(told.event),
        told=told.as_json(),
        created_at=now,
    )
