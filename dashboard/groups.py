"""Two groups that are there from the start: who looks, and who also changes settings and alerts."""

from typing import Any

from django.apps import AppConfig

VIEWER, OPERATOR = "viewer", "operator"
LOOK = "view_figures"
_CHANGED = (
    "tablesettings", "enginesetting", "alertrule", "silence", "recipient", "annotation",
    "sharelink", "priceitem", "billingprofile", "usagereading",
)  # fmt: skip
_SEEN = ("settingschange", "alertstate", "outbox", "notice", "attempt")


def make_groups(sender: AppConfig, **_: Any) -> None:
    """Make the groups after `migrate`, where they are missing; what was changed in them stays."""
    from django.contrib.auth.models import Group

    for name in (VIEWER, OPERATOR):
        group, new = Group.objects.get_or_create(name=name)
        if new:
            group.permissions.set(_permissions(name))


def _permissions(name: str) -> Any:
    from django.contrib.auth.models import Permission
    from django.db.models import Q

    wanted = Q(codename=LOOK)
    if name == OPERATOR:
        wanted |= Q(codename__in=[f"{do}_{m}" for m in _CHANGED for do in DOES])
        wanted |= Q(codename__in=[f"view_{m}" for m in _SEEN])
    return Permission.objects.filter(wanted, content_type__app_label__in=("optimizer", "dashboard"))


DOES = ("view", "add", "change", "delete")
