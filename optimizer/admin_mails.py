"""The admin of what alerts tell: mails with each attempt, notices with their fate, recipients."""

from typing import TYPE_CHECKING

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from optimizer.admin_audited import AuditedAdmin
from optimizer.admin_private import PrivateColumns
from optimizer.admin_readonly import ReadOnlyAdmin
from optimizer.alerts import deliver
from optimizer.models import Attempt, Notice, Outbox, Recipient
from optimizer.models.addresses import same, shown

if TYPE_CHECKING:
    Rows = admin.TabularInline[Attempt, Outbox]
else:  # Django's classes take no type arguments when they run
    Rows = admin.TabularInline


class AttemptInline(Rows):
    """Each try to send a mail, and what came of it."""

    model = Attempt
    fields = readonly_fields = ("number", "began_at", "ended_at", "outcome", "detail")
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Outbox | None = None) -> bool:
        """Nothing is added by hand."""
        return False


@admin.register(Outbox)
class OutboxAdmin(PrivateColumns, ReadOnlyAdmin):
    """Every mail: what became of it, how often it was tried, and what went wrong last."""

    exclude = ("recipient",)
    private = frozenset(exclude)
    readonly_fields = ("told_to",)
    list_display = (
        "created_at",
        "told_to",
        "subject",
        "state",
        "last_error",
        "attempts",
        "next_attempt_at",
        "sent_at",
    )
    list_filter = ("state", "rule")
    search_fields = ("recipient", "subject")
    date_hierarchy = "created_at"
    inlines = (AttemptInline,)
    actions = ("retry",)

    @admin.display(description="Recipient", ordering="recipient")
    def told_to(self, mail: Outbox) -> str:
        """Whom it is for; of a program's address the host alone."""
        return shown(mail.recipient)

    def has_retry_permission(self, request: HttpRequest) -> bool:
        """Trying again needs the right to change mails."""
        return request.user.has_perm("optimizer.change_outbox")

    @admin.action(description="Try the selected dead mails again", permissions=["retry"])
    def retry(self, request: HttpRequest, queryset: QuerySet[Outbox]) -> None:
        """Put dead mails back in line; others are left alone."""
        revived = deliver.retry(queryset, timezone.now())
        self.message_user(request, f"{revived} will be tried again.")


@admin.register(Notice)
class NoticeAdmin(PrivateColumns, ReadOnlyAdmin):
    """What is to be told to whom, and why it waits or was not told."""

    exclude = ("recipient", "key")  # the key has the address in it
    private = frozenset(exclude)
    readonly_fields = ("told_to",)
    list_display = ("created_at", "event", "headline", "told_to", "fate", "why", "mail")
    list_filter = ("fate", "event", "rule")
    search_fields = ("recipient",)
    date_hierarchy = "created_at"

    @admin.display(description="Recipient", ordering="recipient")
    def told_to(self, notice: Notice) -> str:
        """Whom it is for; of a program's address the host alone."""
        return shown(notice.recipient)

    @admin.display(description="Says")
    def headline(self, notice: Notice) -> str:
        """Its headline."""
        return str(notice.told.get("headline", ""))


@admin.register(Recipient)
class RecipientAdmin(AuditedAdmin):
    """Who has a time zone of their own, and who has unsubscribed from what."""

    list_display = ("__str__", "time_zone", "unsubscribed_at", "not_told_of")
    search_fields = ("address",)
    filter_horizontal = ("muted",)

    @admin.display(description="Not told of")
    def not_told_of(self, who: Recipient) -> str:
        """The rules that it muted."""
        return ", ".join(rule.name for rule in who.muted.all())

    def save_model(self, request: HttpRequest, obj: Recipient, form: object, change: bool) -> None:
        """Addresses are compared in lower case; a webhook's keeps its case."""
        obj.address = same(obj.address.strip())
        super().save_model(request, obj, form, change)
