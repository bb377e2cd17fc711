"""The admin's part of the dashboard: words on the charts, and links for those without account."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from dashboard.models import Annotation, ShareLink
from dashboard.sharing import link_of

if TYPE_CHECKING:
    AnnotationModelAdmin = admin.ModelAdmin[Annotation]
    ShareLinkModelAdmin = admin.ModelAdmin[ShareLink]
else:  # Django's classes take no type arguments when they run
    AnnotationModelAdmin = ShareLinkModelAdmin = admin.ModelAdmin


@admin.register(Annotation)
class AnnotationAdmin(AnnotationModelAdmin):
    """What stands on the charts beside changed settings and alerts."""

    list_display = ("at", "kind", "text", "by")
    list_filter = ("kind",)
    date_hierarchy = "at"

    def save_model(self, request: HttpRequest, obj: Annotation, form: Any, change: bool) -> None:
        """Say who wrote it."""
        obj.by = obj.by or request.user  # type: ignore[assignment]  # the admin admits users only
        super().save_model(request, obj, form, change)


@admin.register(ShareLink)
class ShareLinkAdmin(ShareLinkModelAdmin):
    """Links that show the dashboard and change nothing; each is shown once, when it is made."""

    list_display = ("name", "created_by", "created_at", "expires_at", "revoked_at")
    readonly_fields = ("created_by", "created_at", "revoked_at")
    actions = ("revoke",)

    @admin.action(description="Revoke the selected links", permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ShareLink]) -> None:
        """End the selected links now; they stay listed."""
        ended = queryset.filter(revoked_at=None).update(revoked_at=timezone.now())
        self.message_user(request, f"{ended} revoked.")

    def save_model(self, request: HttpRequest, obj: ShareLink, form: Any, change: bool) -> None:
        """Make the link and show it, this once."""
        if change:
            return super().save_model(request, obj, form, change)
        obj.created_by = request.user  # type: ignore[assignment]  # the admin admits users only
        token = obj.renew()
        super().save_model(request, obj, form, change)
        said = f"Copy it now, it is not shown again: {link_of(token)}"
        self.message_user(request, said, messages.WARNING)
        return None
