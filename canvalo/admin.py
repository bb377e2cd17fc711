"""Accounts in the admin: whoever manages them gives nobody more than they have themselves."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group, Permission, User
from django.http import HttpRequest

if TYPE_CHECKING:
    Accounts = UserAdmin[User]
else:  # Django's classes take no type arguments when they run
    Accounts = UserAdmin

_BEYOND = ("is_superuser", "user_permissions")

admin.site.site_header = admin.site.site_title = "Canvalo"
admin.site.index_title = "Settings"
admin.site.unregister(User)


@admin.register(User)
class AccountAdmin(Accounts):
    """Staff accounts; nobody has a hold on one that may do more; superusers make superusers."""

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Rights come by groups; single ones and all of them at once, from superusers."""
        fixed = super().get_readonly_fields(request, obj)
        return fixed if request.user.is_superuser else (*fixed, *_BEYOND)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever sets the password of an account has its rights: they are the giver's at most."""
        return super().has_change_permission(request, obj) and _may_touch(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The same for its end."""
        return super().has_delete_permission(request, obj) and _may_touch(request, obj)

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer the groups that hold no right which the giver lacks."""
        if db_field.name == "groups" and not request.user.is_superuser:
            kwargs["queryset"] = Group.objects.filter(pk__in=_within(request))
        return super().formfield_for_manytomany(db_field, request, **kwargs)


def _may_touch(request: HttpRequest, account: User | None) -> bool:
    if account is None or request.user.is_superuser:
        return True
    return not account.is_superuser and _held(account) <= request.user.get_all_permissions()


def _held(account: User) -> set[str]:
    """The rights of an account, also of one that is switched off: it can be switched on."""
    groups = account.groups.prefetch_related("permissions__content_type")
    single = account.user_permissions.select_related("content_type")
    return _named(single).union(*map(_rights, groups))


def _within(request: HttpRequest) -> list[int]:
    own = request.user.get_all_permissions()
    groups = Group.objects.prefetch_related("permissions__content_type")
    return [group.pk for group in groups if _rights(group) <= own]


def _rights(group: Group) -> set[str]:
    return _named(group.permissions.all())


def _named(rights: Iterable[Permission]) -> set[str]:
    return {f"{one.content_type.app_label}.{one.codename}" for one in rights}
