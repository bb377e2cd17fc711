"""The admin of alert rules, of where they stand, and of the silences about them."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone

from optimizer import admin_mails
from optimizer.admin_audited import AuditedAdmin
from optimizer.admin_private import PrivateColumns
from optimizer.alerts import evaluate, notices, preview
from optimizer.domain.measures import Metric, figure, subject, threshold
from optimizer.models import AlertRule, AlertState, Silence

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["admin_mails"]
NOTHING = "-"  # Django would write "None"


def _state(rule: AlertRule) -> AlertState | None:
    """Where a rule stands; None until it is judged for the first time."""
    return getattr(rule, "state", None)


@admin.register(AlertRule)
class AlertRuleAdmin(PrivateColumns, AuditedAdmin):
    """When to tell whom; each rule is judged every half minute."""

    list_display = (
        "name",
        "watches",
        "fires",
        "severity",
        "enabled",
        "phase",
        "since",
        "last_value",
    )
    list_select_related = ("state",)
    list_filter = ("enabled", "severity", "metric")
    search_fields = ("name", "relation", "recipients")
    private = frozenset({"recipients"})
    readonly_fields = ("phase", "since", "last_value", "error")
    actions = ("send_test_mail",)
    change_form_template = "admin/optimizer/alertrule/change_form.html"

    def get_exclude(self, request: HttpRequest, obj: AlertRule | None = None) -> Any:
        """Addresses are for whoever may change them: a webhook's opens something."""
        return None if self.has_change_permission(request, obj) else ("recipients",)

    def get_search_fields(self, request: HttpRequest) -> Any:
        """Nor can they be guessed by a search."""
        shown = self.has_change_permission(request)
        return self.search_fields if shown else ("name", "relation")

    @admin.display(description="Watches", ordering="metric")
    def watches(self, rule: AlertRule) -> str:
        """The figure, and of what."""
        return subject(Metric(rule.metric), rule.relation)

    @admin.display(description="Fires")
    def fires(self, rule: AlertRule) -> str:
        """The threshold."""
        return f"{rule.direction} {threshold(Metric(rule.metric), float(rule.fire_at))}"

    @admin.display(description="State", ordering="state__phase")
    def phase(self, rule: AlertRule) -> str:
        """Where the rule stands."""
        state = _state(rule)
        return state.get_phase_display() if state else "not judged yet"

    @admin.display(description="Since", ordering="state__since")
    def since(self, rule: AlertRule) -> "datetime | str":
        """Since when it has stood there."""
        state = _state(rule)
        return state.since if state else NOTHING

    @admin.display(description="Last value", ordering="state__last_value")
    def last_value(self, rule: AlertRule) -> str:
        """The figure it was last judged by, and how many samples that rests on."""
        state = _state(rule)
        if state is None:
            return NOTHING
        value = figure(Metric(rule.metric), state.last_value)
        by_age = rule.metric == Metric.SNAPSHOT_AGE
        return value if by_age else f"{value} of {state.last_samples:,}"

    @admin.display(description="Why no figure")
    def error(self, rule: AlertRule) -> str:
        """Why it could not be judged, where that is so."""
        state = _state(rule)
        return (state and state.error) or NOTHING

    @admin.action(description="Send a test mail", permissions=["change"])
    def send_test_mail(self, request: HttpRequest, queryset: QuerySet[AlertRule]) -> None:
        """Tell each recipient of the selected rules, by the way that alerts take."""
        written = notices.put_trials(queryset, timezone.now())
        self.message_user(
            request,
            f"Test mails written: {written}. They leave within half a minute: see Alert mails.",
        )

    def delete_model(self, request: HttpRequest, obj: AlertRule) -> None:
        """Whoever was told that it fired is told that nobody follows it any more."""
        with transaction.atomic():
            evaluate.retire(obj, "deleted", timezone.now())
            super().delete_model(request, obj)

    def get_urls(self) -> list[Any]:
        """The preview beside Django's own pages."""
        view = self.admin_site.admin_view(self.preview)
        name = "optimizer_alertrule_preview"
        return [path("<int:pk>/preview/", view, name=name), *super().get_urls()]

    def preview(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The rule over the last seven days: how often it would have fired."""
        rule = get_object_or_404(AlertRule, pk=pk)
        if not self.has_view_permission(request, rule):
            return HttpResponse(status=403)
        seen = preview.preview(rule, timezone.now(), timezone.get_current_timezone())
        context = {
            **self.admin_site.each_context(request),
            "title": f"{rule}: the last 7 days",
            "opts": self.opts,
            "rule": rule,
            "seen": seen,
        }
        return TemplateResponse(request, "admin/optimizer/alertrule/preview.html", context)


@admin.register(Silence)
class SilenceAdmin(AuditedAdmin):
    """Stretches in which nothing is told; who made them and why."""

    list_display = ("reason", "kind", "starts_at", "ends_at", "weekly", "author", "about")
    list_filter = ("kind", "weekly")
    filter_horizontal = ("rules",)
    readonly_fields = ("author",)

    @admin.display(description="Rules")
    def about(self, silence: Silence) -> str:
        """Which rules it holds for."""
        if silence.of is None:
            return "all rules"
        return ", ".join(rule.name for rule in silence.rules.all()) or "none: they were deleted"

    def save_model(self, request: HttpRequest, obj: Silence, form: Any, change: bool) -> None:
        """Sign it."""
        if not change:
            obj.author = request.user  # type: ignore[assignment]  # the admin admits users only
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Remember whether it was made for some rules: deleting those must not widen it to all."""
        super().save_related(request, form, formsets, change)
        form.instance.only_some = form.instance.rules.exists()
        form.instance.save(update_fields=["only_some"])
