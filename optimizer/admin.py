"""The admin: what an operator may change, and what was changed."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import ChoiceField, ModelForm
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from optimizer import admin_alerts, admin_prices, policies
from optimizer.admin_readonly import ReadOnlyAdmin
from optimizer.conf import optimization_settings
from optimizer.declarations import doubts_about
from optimizer.defaults import Defaults
from optimizer.models import (
    NO_TABLE,
    ApiToken,
    EngineSetting,
    FunctionSettings,
    SettingsChange,
    TableSettings,
)

if TYPE_CHECKING:
    EngineAdmin = admin.ModelAdmin[EngineSetting]
    FunctionAdmin = admin.ModelAdmin[FunctionSettings]
    TableAdmin = admin.ModelAdmin[TableSettings]
    TableForm = ModelForm[TableSettings]
else:  # Django's classes take no type arguments when they run
    EngineAdmin = FunctionAdmin = TableAdmin = admin.ModelAdmin
    TableForm = ModelForm

__all__ = ["admin_alerts", "admin_prices"]  # Django looks for registrations in this module alone


@admin.register(TableSettings)
class TableSettingsAdmin(TableAdmin):
    """How each table is cached; a change is in force in every process within two seconds."""

    list_display = ("relation", "ttl_seconds", "default_ttl", "enabled", "grain", "updated_at")
    list_editable = ("ttl_seconds", "enabled")
    search_fields = ("relation",)
    readonly_fields = ("default_ttl", "doubts", "updated_at")

    @admin.display(description="Default TTL (s)")
    def default_ttl(self, row: TableSettings) -> int:
        """What holds where the TTL is left empty."""
        return optimization_settings.default_ttl(row.relation)

    @admin.display(description="A write ends")
    def grain(self, row: TableSettings) -> str:
        """How much a write ends, and on what that rests."""
        if not row.fine_grain:
            return "everything of the table"
        if settings.SUPABASE_SERVICE_ROLE_KEY:
            return "what its rows and values prove, by what is declared here"
        return "everything of the table: SUPABASE_SERVICE_ROLE_KEY is not set, so no key is known"

    @admin.display(description="What speaks against it")
    def doubts(self, row: TableSettings) -> str:
        """What the project's schema and its answers show otherwise than is declared."""
        return "; ".join(text for _, text in doubts_about([row])) or "—"

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Say above the list what speaks against what is declared."""
        if request.method == "GET":
            self._warn(request, TableSettings.objects.filter(fine_grain=True))
        return super().changelist_view(request, extra_context)

    def save_model(
        self, request: HttpRequest, obj: TableSettings, form: TableForm, change: bool
    ) -> None:
        """Store, record and announce the change, and say what speaks against it."""
        policies.save(obj, request.user)  # type: ignore[arg-type]  # the admin admits users only
        self._warn(request, [obj])

    def _warn(self, request: HttpRequest, rows: Iterable[TableSettings]) -> None:
        for relation, text in doubts_about(rows):
            said = f"Of what is declared of {relation}: {text}."
            self.message_user(request, said, messages.WARNING)

    def delete_model(self, request: HttpRequest, obj: TableSettings) -> None:
        """Return the table to its defaults."""
        policies.delete(obj, request.user)  # type: ignore[arg-type]

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[TableSettings]) -> None:
        """Return several tables to their defaults."""
        for row in queryset:
            self.delete_model(request, row)


@admin.register(FunctionSettings)
class FunctionSettingsAdmin(FunctionAdmin):
    """What functions read and write; a change is in force in every process within two seconds."""

    list_display = ("name", "reads_known", "ends", "updated_at")
    search_fields = ("name",)
    readonly_fields = ("updated_at",)

    @admin.display(description="As a computed column")
    def reads_known(self, row: FunctionSettings) -> str:
        """Whether answers that show it are cached."""
        return f"is cached with {row.reads}" if row.reads else "is not cached"

    @admin.display(description="A call ends")
    def ends(self, row: FunctionSettings) -> str:
        """What a call by POST ends."""
        if not row.writes:
            return "everything"
        return "nothing" if row.writes.strip() == NO_TABLE else f"everything of {row.writes}"

    def save_model(
        self, request: HttpRequest, obj: FunctionSettings, form: Any, change: bool
    ) -> None:
        """Store, record and announce the change."""
        policies.save_function(obj, request.user)  # type: ignore[arg-type]

    def delete_model(self, request: HttpRequest, obj: FunctionSettings) -> None:
        """Take it back: nothing is known of the function any more."""
        policies.delete_function(obj, request.user)  # type: ignore[arg-type]

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[FunctionSettings]) -> None:
        """Take several back."""
        for row in queryset:
            self.delete_model(request, row)


@admin.register(EngineSetting)
class EngineSettingAdmin(EngineAdmin):
    """Switches and limits of the whole engine; in force in every process within two seconds."""

    list_display = ("name", "value", "environment", "meaning", "updated_at")
    fields = ("name", "value")

    @admin.display(description="Environment's value")
    def environment(self, row: EngineSetting) -> str:
        """What holds where this row is deleted."""
        return str(getattr(optimization_settings.defaults, row.name, "unknown"))

    @admin.display(description="What it does")
    def meaning(self, row: EngineSetting) -> str:
        """The setting's own description."""
        field = Defaults.model_fields.get(row.name)
        return (field and field.description) or "this version knows no such setting"

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer the names that exist."""
        if db_field.name == "name":
            names = [(name, name) for name in Defaults.model_fields]
            return ChoiceField(choices=names, help_text=db_field.help_text)
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: EngineSetting, form: Any, change: bool) -> None:
        """Store, record and announce the change."""
        policies.save_engine(obj, request.user)  # type: ignore[arg-type]

    def delete_model(self, request: HttpRequest, obj: EngineSetting) -> None:
        """Return to the environment's value."""
        policies.delete_engine(obj, request.user)  # type: ignore[arg-type]

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[EngineSetting]) -> None:
        """Return several to the environment's values."""
        for row in queryset:
            self.delete_model(request, row)


@admin.register(SettingsChange)
class SettingsChangeAdmin(ReadOnlyAdmin):
    """Who changed which setting, when, from what to what."""

    list_display = ("at", "subject", "name", "before", "after", "by")
    list_filter = ("subject", "name")
    date_hierarchy = "at"


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnlyAdmin):
    """Tokens of the API; new ones come from `manage.py apitoken NAME`, which shows them once."""

    list_display = ("name", "scope", "created_at", "expires_at", "revoked_at")
    actions = ("revoke",)

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        """Revoking needs the right to change tokens."""
        return request.user.has_perm("optimizer.change_apitoken")

    @admin.action(description="Revoke the selected tokens", permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> None:
        """End the selected tokens now; they stay listed."""
        ended = queryset.filter(revoked_at=None).update(revoked_at=timezone.now())
        self.message_user(request, f"{ended} revoked.")
