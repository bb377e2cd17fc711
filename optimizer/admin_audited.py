"""Settings in the admin whose every change is recorded, so that it can be taken back."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from optimizer import audit

if TYPE_CHECKING:
    AnyAdmin = admin.ModelAdmin[Any]
else:  # Django's classes take no type arguments when they run
    AnyAdmin = admin.ModelAdmin


class AuditedAdmin(AnyAdmin):
    """Records who changed what from what to what."""

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Store it, and remember what it was."""
        form.was = audit.snapshot(type(obj)._default_manager.get(pk=obj.pk)) if change else None
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Record it once everything is stored, fields of many values too."""
        super().save_related(request, form, formsets, change)
        stored = type(form.instance)._default_manager.get(pk=form.instance.pk)
        by: Any = request.user  # the admin admits users only
        audit.record(form.was, audit.snapshot(stored), stored, by)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Record it, and delete it."""
        by: Any = request.user
        audit.record(audit.snapshot(obj), None, obj, by)
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Delete several, each recorded."""
        for row in queryset:
            self.delete_model(request, row)
