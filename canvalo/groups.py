"""Who may do what: viewer, operator, admin, each with no more than its work needs.

The groups are this project's: each `migrate` gives them exactly these rights, as far as the
version has them. Whoever needs others makes a group of another name.
"""

from collections.abc import Iterable

from django.contrib.auth.models import Group, Permission

_VERBS = ("add", "change", "delete", "view")
_SETTINGS = (
    "tablesettings", "functionsettings", "enginesetting", "alertrule", "silence",
    "priceitem", "billingprofile", "usagereading",
)  # fmt: skip
_SEEN = (*_SETTINGS, "settingschange", "purge", "batchrun", "process", "supabasecalls")
_CHANGED = (*_SETTINGS, "recipient")  # a recipient is an address: viewers do not see them
_OF_CHARTS = ("annotation", "sharelink")
_VIEWER = {("optimizer", f"view_{model}") for model in _SEEN} | {("dashboard", "view_figures")}
_OPERATOR = (
    _VIEWER
    | {("optimizer", f"{verb}_{model}") for verb in _VERBS for model in _CHANGED}
    | {("dashboard", f"{verb}_{model}") for verb in _VERBS for model in _OF_CHARTS}
    | {("optimizer", f"view_{model}") for model in ("outbox", "attempt", "notice", "apitoken")}
    | {("optimizer", "change_outbox"), ("optimizer", "add_purge")}
)
_ADMIN = (
    _OPERATOR
    | {("optimizer", "change_apitoken"), ("auth", "view_group")}
    | {("auth", f"{verb}_user") for verb in _VERBS}
)
RIGHTS = {"viewer": _VIEWER, "operator": _OPERATOR, "admin": _ADMIN}


def make_groups(using: str) -> None:
    """Make the groups, and give each exactly its rights."""
    for name, rights in RIGHTS.items():
        group, _ = Group.objects.using(using).get_or_create(name=name)
        group.permissions.set(_permissions(rights, using))


def _permissions(rights: Iterable[tuple[str, str]], using: str) -> list[Permission]:
    wanted = set(rights)
    apps = {app for app, _ in wanted}
    found = Permission.objects.using(using).filter(content_type__app_label__in=apps)
    return [one for one in found.select_related("content_type") if _named(one) in wanted]


def _named(permission: Permission) -> tuple[str, str]:
    return permission.content_type.app_label, permission.codename
