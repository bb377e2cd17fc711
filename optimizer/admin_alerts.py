"""The admin of alerts: rules with where they stand, and the mails with what became of them."""

from typing import TYPE_CHECKING

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from optimizer.admin_readonly import ReadOnlyAdmin
from optimizer.alerts import deliver, outbox
from optimizer.alerts.mails import percent
from optimizer.models import AlertRule, AlertState, Outbox

if TYPE_CHECKING:
    from datetime import datetime

    RuleAdmin = admin.ModelAdmin[AlertRule]
else:  # Django's classes take no type arguments when they run
    RuleAdmin = admin.ModelAdmin


def _state(rule: AlertRule) -> AlertState | None:
    """Where a rule stands; None until it is judged for the first time."""
    return getattr(rule, "state", None)


@admin.register(AlertRule)
class AlertRuleAdmin(RuleAdmin):
    """When to mail whom; each rule is judged every half minute."""

    list_display = (
        "name",
        "table",
        "fire_below",
        "recover_above",
        "enabled",
        "phase",
        "since",
        "last_value",
    )
    list_select_related = ("state",)
    search_fields = ("name", "relation", "recipients")
    readonly_fields = ("phase", "since", "last_value")
    actions = ("send_test_mail",)

    @admin.display(description="Table", ordering="relation")
    def table(self, rule: AlertRule) -> str:
        """The table, or all."""
        return rule.relation or "all tables"

    @admin.display(description="State", ordering="state__phase")
    def phase(self, rule: AlertRule) -> str:
        """Where the rule stands."""
        state = _state(rule)
        return state.get_phase_display() if state else "not judged yet"

    @admin.display(description="Since", ordering="state__since")
    def since(self, rule: AlertRule) -> "datetime | None":
        """Since when it has stood there."""
        state = _state(rule)
        return state.since if state else None

    @admin.display(description="Last value", ordering="state__last_value")
    def last_value(self, rule: AlertRule) -> str | None:
        """The figure it was last judged by, and how many reads that rests on."""
        state = _state(rule)
        return f"{percent(state.last_value)} of {state.last_samples:,} reads" if state else None

    @admin.action(description="Send a test mail", permissions=["change"])
    def send_test_mail(self, request: HttpRequest, queryset: QuerySet[AlertRule]) -> None:
        """Mail each recipient of the selected rules, by the way that alerts take."""
        written = outbox.put_trials(queryset, timezone.now())
        self.message_user(
            request,
            f"Test mails written: {written}. They leave within half a minute: see Alert mails.",
        )


@admin.register(Outbox)
class OutboxAdmin(ReadOnlyAdmin):
    """Every mail: what became of it, how often it was tried, and what went wrong last."""

    list_display = (
        "created_at",
        "recipient",
        "subject",
        "state",
        "attempts",
        "next_attempt_at",
        "sent_at",
        "last_error",
    )
    list_filter = ("state", "rule")
    search_fields = ("recipient", "subject")
    date_hierarchy = "created_at"
    actions = ("retry",)

    def has_retry_permission(self, request: HttpRequest) -> bool:
        """Trying again needs the right to change mails."""
        return request.user.has_perm("optimizer.change_outbox")

    @admin.action(description="Try the selected dead mails again", permissions=["retry"])
    def retry(self, request: HttpRequest, queryset: QuerySet[Outbox]) -> None:
        """Put dead mails back in line; others are left alone."""
        revived = deliver.retry(queryset, timezone.now())
        self.message_user(request, f"{revived} will be tried again.")
