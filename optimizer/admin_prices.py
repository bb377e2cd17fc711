"""Prices, the plan that is paid, and the use that the bill shows, in the admin."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from optimizer.admin_audited import AuditedAdmin
from optimizer.admin_readonly import ReadOnlyAdmin
from optimizer.models import BillingProfile, PriceItem, SupabaseCalls, UsageReading


@admin.register(PriceItem)
class PriceItemAdmin(AuditedAdmin):
    """The price sheet; a change of price is a new row with its day and source."""

    list_display = ("item", "plan", "quota", "usd", "per", "unit", "as_of", "source")
    list_filter = ("plan", "item")


@admin.register(BillingProfile)
class BillingProfileAdmin(AuditedAdmin):
    """Plan, spend cap, day of the cycle, and what only you know."""

    list_display = ("plan", "spend_cap", "cycle_day", "compute_size", "log_line_bytes")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """There is one profile at most."""
        return super().has_add_permission(request) and not BillingProfile.objects.exists()


@admin.register(UsageReading)
class UsageReadingAdmin(AuditedAdmin):
    """What Supabase's usage page says; the newest of a cycle counts."""

    list_display = ("item", "amount", "at", "by")
    fields = ("item", "amount", "at")

    def save_model(self, request: HttpRequest, obj: UsageReading, form: Any, change: bool) -> None:
        """Note who entered it."""
        obj.by = request.user  # type: ignore[assignment]  # the admin admits users only
        super().save_model(request, obj, form, change)


@admin.register(SupabaseCalls)
class SupabaseCallsAdmin(ReadOnlyAdmin):
    """Supabase's own count of calls, as it was fetched."""

    list_display = ("at", "rest", "auth", "storage", "realtime", "fetched_at")
    date_hierarchy = "at"
