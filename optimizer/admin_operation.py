"""The admin of what runs: each process with its breaker, and the batches that were carried out."""

from datetime import UTC, datetime
from typing import Any

import redis
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from optimizer.admin_readonly import ReadOnlyAdmin
from optimizer.conf import VERSION_KEY
from optimizer.errors import CacheUnavailable
from optimizer.metrics import presence
from optimizer.metrics.ledger import unavailable
from optimizer.models import BatchRun, Process


@admin.register(BatchRun)
class BatchRunAdmin(ReadOnlyAdmin):
    """Each batch: how many rows, how many of them failed, in how many calls."""

    list_display = ("at", "operation", "relation", "rows", "failed", "calls", "milliseconds")
    list_filter = ("operation", "relation")
    date_hierarchy = "at"

    @admin.display(description="Took (ms)", ordering="seconds")
    def milliseconds(self, batch: BatchRun) -> str:
        """How long it took."""
        return f"{batch.seconds * 1000:,.0f}"


@admin.register(Process)
class ProcessAdmin(ReadOnlyAdmin):
    """The processes that have the engine open, as they said within the last seconds."""

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """A table of them: the breaker's state, and whether the newest settings are in force."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            rows = _rows()
        except CacheUnavailable as away:
            self.message_user(request, f"Not known: {away}.", messages.ERROR)
            rows = []
        context = {
            **self.admin_site.each_context(request),
            "title": "Processes and breakers",
            "opts": self.opts,
            "rows": rows,
        }
        return TemplateResponse(request, "admin/optimizer/process/change_list.html", context)


def _rows() -> list[dict[str, Any]]:
    with redis.Redis.from_url(settings.VALKEY_URL, socket_timeout=2) as client:
        found = presence.present(client)
        with unavailable():
            stamp: Any = client.get(VERSION_KEY)
    newest = stamp.decode() if stamp else "0"
    return [_row(one, newest) for one in found]


def _row(one: presence.Presence, newest: str) -> dict[str, Any]:
    return {
        "program": one.program,
        "where": f"{one.host}, {one.pid}",
        "since": datetime.fromtimestamp(one.since, UTC),
        "breaker": one.breaker,
        "breaker_since": datetime.fromtimestamp(one.breaker_since, UTC),
        "obeys": one.settings == newest,
    }
