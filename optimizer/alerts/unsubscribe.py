"""Unsubscribing (RFC 8058): a link that needs no login, whose GET only shows a form.

Mail scanners open links; a POST alone changes anything. The link is signed and does not expire, for
a mail may be opened years later.
"""

from datetime import datetime
from urllib.parse import urljoin

from django.core.signing import BadSignature, Signer
from django.db.models import Q
from django.urls import NoReverseMatch, reverse

from optimizer.alerts.notices import base_url
from optimizer.models import AlertRule, Recipient
from optimizer.models.addresses import is_webhook, same

_SALT = "canvalo.alerts.unsubscribe"


def link(address: str) -> str:
    """The way out for an address; "" for a webhook, and where the project serves no such page."""
    if is_webhook(address):
        return ""
    token = Signer(salt=_SALT).sign_object(same(address))
    try:
        return urljoin(f"{base_url()}/", reverse("alerts:unsubscribe", args=[token]))
    except NoReverseMatch:
        return ""


def address_of(token: str) -> str | None:
    """Whose link it is; None where it was not made here."""
    try:
        return str(Signer(salt=_SALT).unsign_object(token))
    except BadSignature:
        return None


def has_left(address: str, rule: int | None) -> bool:
    """Whether the address wants to hear nothing more at all, or of this rule."""
    left = Q(unsubscribed_at__isnull=False)
    if rule is not None:
        left |= Q(muted=rule)
    return Recipient.objects.filter(left, address=same(address)).exists()


def rules_of(address: str) -> list[AlertRule]:
    """The rules that name the address."""
    named = AlertRule.objects.filter(recipients__icontains=address)
    return [rule for rule in named if address in map(same, rule.addresses)]


def leave(address: str, rule: AlertRule | None, now: datetime) -> None:
    """Tell the address nothing more of a rule, or nothing at all."""
    who, _ = Recipient.objects.get_or_create(address=same(address))
    if rule is None:
        Recipient.objects.filter(pk=who.pk, unsubscribed_at=None).update(unsubscribed_at=now)
    else:
        who.muted.add(rule)


def come_back(address: str) -> None:
    """Tell the address everything again."""
    for who in Recipient.objects.filter(address=same(address)):
        who.muted.clear()
    Recipient.objects.filter(address=same(address)).update(unsubscribed_at=None)
