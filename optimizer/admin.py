"""The admin: what an operator may change, and what was changed."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils import timezone

from optimizer import policies
from optimizer.conf import optimization_settings
from optimizer.models import ApiToken, SettingsChange, TableSettings

if TYPE_CHECKING:
    TableAdmin = admin.ModelAdmin[TableSettings]
    AnyAdmin = admin.ModelAdmin[Any]
    TableForm = ModelForm[TableSettings]
else:  # Django's classes take no type arguments when they run
    TableAdmin = AnyAdmin = admin.ModelAdmin
    TableForm = ModelForm


@admin.register(TableSettings)
class TableSettingsAdmin(TableAdmin):
    """How each table is cached; a change is in force in every process within two seconds."""

    list_display = ("relation", "ttl_seconds", "default_ttl", "enabled", "updated_at")
    list_editable = ("ttl_seconds", "enabled")
    search_fields = ("relation",)
    readonly_fields = ("default_ttl", "updated_at")

    @admin.display(description="Default TTL (s)")
    def default_ttl(self, row: TableSettings) -> int:
        """What holds where the TTL is left empty."""
        return optimization_settings.default_ttl(row.relation)

    def save_model(
        self, request: HttpRequest, obj: TableSettings, form: TableForm, change: bool
    ) -> None:
        """Store, record and announce the change."""
        policies.save(obj, request.user)  # type: ignore[arg-type]  # the admin admits users only

    def delete_model(self, request: HttpRequest, obj: TableSettings) -> None:
        """Return the table to its defaults."""
        policies.delete(obj, request.user)  # type: ignore[arg-type]

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[TableSettings]) -> None:
        """Return several tables to their defaults."""
        for row in queryset:
            self.delete_model(request, row)


class ReadOnlyAdmin(AnyAdmin):
    """A list to look at."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nothing is added by hand."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nothing is changed by hand."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nothing is deleted by hand."""
        return False


@admin.register(SettingsChange)
class SettingsChangeAdmin(ReadOnlyAdmin):
    """Who changed which setting, when, from what to what."""

    list_display = ("at", "subject", "name", "before", "after", "by")
    list_filter = ("subject", "name")
    date_hierarchy = "at"


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnlyAdmin):
    """Tokens of the API; new ones come from `manage.py apitoken NAME`, which shows them once."""

    list_display = ("name", "created_at", "expires_at", "revoked_at")
    actions = ("revoke",)

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        """Revoking needs the right to change tokens."""
        return request.user.has_perm("optimizer.change_apitoken")

    @admin.action(description="Revoke the selected tokens", permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> None:
        """End the selected tokens now; they stay listed."""
        ended = queryset.filter(revoked_at=None).update(revoked_at=timezone.now())
        self.message_user(request, f"{ended} revoked.")
