"""The admin: what an operator may change, and what each change may cost."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import ChoiceField, ModelForm
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join

from optimizer import (
    admin_alerts,
    admin_changes,
    admin_operation,
    admin_prices,
    admin_purge,
    audit,
    policies,
)
from optimizer.admin_readonly import ReadOnlyAdmin
from optimizer.conf import optimization_settings
from optimizer.declarations import doubts_about
from optimizer.defaults import Defaults
from optimizer.domain import risks
from optimizer.models import NO_TABLE, ApiToken, EngineSetting, FunctionSettings, TableSettings

if TYPE_CHECKING:
    AnyAdmin = admin.ModelAdmin[Any]
    TableForm = ModelForm[TableSettings]
else:  # Django's classes take no type arguments when they run
    AnyAdmin = admin.ModelAdmin
    TableForm = ModelForm

# Django looks for registrations in this module alone.
__all__ = ["admin_alerts", "admin_changes", "admin_operation", "admin_prices", "admin_purge"]


class PolicyAdmin(AnyAdmin):
    """Settings that every process obeys within two seconds; each change can be taken back."""

    def save_model(
        self, request: HttpRequest, obj: policies.Setting, form: Any, change: bool
    ) -> None:
        """Store, record and announce the change."""
        policies.save(obj, request.user)  # type: ignore[arg-type]  # the admin admits users only
        self._say_how_to_undo(request)

    def delete_model(self, request: HttpRequest, obj: policies.Setting) -> None:
        """Return to the default."""
        policies.delete(obj, request.user)  # type: ignore[arg-type]
        self._say_how_to_undo(request)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[policies.Setting]) -> None:
        """Return several to their defaults."""
        for row in queryset:
            self.delete_model(request, row)

    def _say_how_to_undo(self, request: HttpRequest) -> None:
        told = format_html(
            'In force in every process within two seconds. <a href="{}">See what was changed, '
            "and undo it</a>.",
            reverse(admin_changes.LIST),
        )
        if request.user.has_perm("optimizer.view_settingschange"):
            self.message_user(request, told, messages.SUCCESS)


@admin.register(TableSettings)
class TableSettingsAdmin(PolicyAdmin):
    """How each table is cached; a change is in force in every process within two seconds."""

    list_display = ("relation", "ttl_seconds", "default_ttl", "enabled", "grain", "updated_at")
    list_editable = ("ttl_seconds", "enabled")
    search_fields = ("relation",)
    readonly_fields = ("default_ttl", "doubts", "updated_at")
    fieldsets = (
        (None, {"fields": ("relation", "enabled", "ttl_seconds", "default_ttl", "updated_at")}),
        (
            "How old an answer may be",
            {
                "description": "A longer time saves more calls. The risk: what is changed past "
                "Canvalo stays unseen for as long. What is changed through Canvalo is seen at "
                "once, whatever stands here, but for “stale if error”.",
                "fields": (
                    "strict",
                    "stale_while_revalidate_seconds",
                    "stale_if_error_seconds",
                    "negative_ttl_seconds",
                ),
            },
        ),
        (
            "Who shares answers",
            {
                "description": "Sharing lets one user's answer serve another. The risk is the "
                "worst there is here: where a policy reads more than is said, users see each "
                "other's rows.",
                "fields": ("shared_by",),
            },
        ),
        (
            "What a write ends",
            {
                "description": "The more is declared, the less each write ends. The risk: what "
                "is declared wrongly, or left out, is served outdated until its TTL.",
                "fields": (
                    "sources",
                    "fine_grain",
                    "writes",
                    "rewritten_columns",
                    "exact_text",
                    "owner_column",
                    "doubts",
                ),
            },
        ),
    )

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
        self, request: HttpRequest, obj: policies.Setting, form: TableForm, change: bool
    ) -> None:
        """Store and announce it; say what it may cost, and what speaks against it."""
        old = TableSettings.objects.filter(pk=obj.pk).first() or TableSettings()
        before = audit.snapshot(old)
        super().save_model(request, obj, form, change)
        for risk in risks.of_change(str(obj), before, audit.snapshot(obj)):
            self.message_user(request, risk, messages.WARNING)
        if isinstance(obj, TableSettings):
            self._warn(request, [obj])

    def _warn(self, request: HttpRequest, rows: Iterable[TableSettings]) -> None:
        for relation, text in doubts_about(rows):
            said = f"Of what is declared of {relation}: {text}."
            self.message_user(request, said, messages.WARNING)


@admin.register(FunctionSettings)
class FunctionSettingsAdmin(PolicyAdmin):
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


@admin.register(EngineSetting)
class EngineSettingAdmin(PolicyAdmin):
    """Switches and limits of the whole engine; in force in every process within two seconds."""

    list_display = ("name", "value", "environment", "meaning", "updated_at")
    fields = ("name", "value", "environment", "meaning")
    readonly_fields = ("environment", "meaning")

    @admin.display(description="Environment's value")
    def environment(self, row: EngineSetting) -> str:
        """What holds where this row is deleted."""
        return str(getattr(optimization_settings.defaults, row.name, "—"))

    @admin.display(description="What it does")
    def meaning(self, row: EngineSetting) -> str:
        """The setting's own description; where a new one is chosen, all of them."""
        if not row.name:
            return format_html_join("", "<p><strong>{}</strong>: {}</p>", _meanings())
        found = dict(_meanings()).get(row.name)
        return found or "this version knows no such setting"

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Before a name is chosen nothing is known of it."""
        return self.fields if obj else ("name", "value", "meaning")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """A stored setting keeps its name: another one is another row."""
        return (*self.readonly_fields, "name") if obj else self.readonly_fields

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer the names that exist, each with what it is now."""
        if db_field.name == "name":
            settings = optimization_settings
            names = [(n, f"{n} (now {getattr(settings, n)})") for n in Defaults.model_fields]
            return ChoiceField(choices=names, help_text=db_field.help_text)
        return super().formfield_for_dbfield(db_field, request, **kwargs)


def _meanings() -> list[tuple[str, str]]:
    return [(name, field.description or "") for name, field in Defaults.model_fields.items()]


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
        standing = list(queryset.filter(revoked_at=None))
        queryset.filter(revoked_at=None).update(revoked_at=timezone.now())
        for token in standing:
            audit.note(f"API token {token}", "revoked", "yes", request.user)  # type: ignore[arg-type]
        self.message_user(request, f"{len(standing)} revoked.")
