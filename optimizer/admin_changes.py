"""The admin of what was changed: the record, and the button that takes a change back."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils.html import format_html

from optimizer import undoing
from optimizer.admin_private import PrivateColumns
from optimizer.admin_readonly import ReadOnlyAdmin
from optimizer.models import SettingsChange
from optimizer.undoing import UndoRefused

LIST = "admin:optimizer_settingschange_changelist"
UNDO = "admin:optimizer_settingschange_undo"


@admin.register(SettingsChange)
class SettingsChangeAdmin(PrivateColumns, ReadOnlyAdmin):
    """Who changed which setting, when, from what to what; one click takes it back."""

    # What a change is known by, and its button: on a phone without scrolling.
    list_display = ("at", "name", "take_back", "was", "became", "subject", "by", "kind")
    list_display_links = ("at",)
    list_filter = ("kind", "subject", "name")
    list_select_related = ("by",)
    search_fields = ("subject", "name")
    private = frozenset({"private_before", "private_after"})
    date_hierarchy = "at"

    def get_queryset(self, request: HttpRequest) -> QuerySet[SettingsChange]:
        """Each with whether it was taken back."""
        later = SettingsChange.objects.filter(undoes=OuterRef("together"))
        found: QuerySet[SettingsChange] = super().get_queryset(request)
        return found.annotate(taken_back=Exists(later))

    def get_list_display(self, request: HttpRequest) -> Any:
        """Leave the buttons out for whom they would be none."""
        hidden = () if _may_any(request) else ("take_back",)
        return [one for one in super().get_list_display(request) if one not in hidden]

    @admin.display(description="Before", ordering="before")
    def was(self, change: SettingsChange) -> str:
        """What it was."""
        return change.before or "—"

    @admin.display(description="After", ordering="after")
    def became(self, change: SettingsChange) -> str:
        """What it became."""
        return change.after or "—"

    @admin.display(description="Undo")
    def take_back(self, change: SettingsChange) -> str:
        """The button; it sends the list's own form, which holds the token against forgery."""
        if getattr(change, "taken_back", False):
            return "undone"
        if undoing.permission_for(change) is None:
            return "—"
        return format_html(
            '<button type="submit" class="button" formaction="{}" aria-label="Undo {}">Undo'
            "</button>",
            reverse(UNDO, args=[change.pk]),
            f"{change.subject} {change.name}",
        )

    def get_urls(self) -> list[Any]:
        """The button's address beside Django's own pages."""
        view = self.admin_site.admin_view(self.undo)
        name = "optimizer_settingschange_undo"
        return [path("<int:pk>/undo/", view, name=name), *super().get_urls()]

    def undo(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Take back what was saved together with this change, and say so."""
        if request.method != "POST":
            return HttpResponse(status=405, headers={"Allow": "POST"})
        change = get_object_or_404(SettingsChange, pk=pk)
        needed = undoing.permission_for(change)
        if needed is None or not request.user.has_perm(needed):
            raise PermissionDenied
        try:
            done = undoing.undo(change.together, request.user)  # type: ignore[arg-type]
        except UndoRefused as refused:
            self.message_user(request, str(refused), messages.ERROR)
        else:
            self.message_user(request, _told(done), messages.SUCCESS)
        return HttpResponseRedirect(reverse(LIST))


def _told(done: list[SettingsChange]) -> str:
    """What is as it was before."""
    names = ", ".join(f"{change.name} is {change.before or 'as by default'}" for change in done)
    return f"Undone for {done[0].subject}: {names} again. In force everywhere within two seconds."


def _may_any(request: HttpRequest) -> bool:
    """Whether there is anything at all that this user could take back."""
    return request.user.has_perm("optimizer.change_tablesettings") or request.user.has_perm(
        "optimizer.change_enginesetting"
    )
