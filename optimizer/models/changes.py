"""What was changed and what was purged: who, when, from what to what."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from optimizer.models.policy import RELATION


class ChangeKind(models.TextChoices):
    """What became of the row that holds the setting."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"
    PURGED = "purged"


class SettingsChange(models.Model):
    """One changed field of one setting: who, when, from what to what.

    Fields that were saved at once share `together`, and are taken back together. What `before` and
    `after` say may be shown to everybody who sees figures; addresses are in the private columns.
    """

    at = models.DateTimeField(default=timezone.now, db_index=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL
    )
    subject = models.CharField(
        max_length=130, help_text="The table, `engine`, or what else it is a setting of."
    )
    name = models.CharField(max_length=60)
    before = models.TextField(blank=True)
    after = models.TextField(blank=True)
    kind = models.CharField(
        max_length=8, choices=ChangeKind, default=ChangeKind.CHANGED, db_default=ChangeKind.CHANGED
    )
    model = models.CharField(max_length=40, blank=True, default="", db_default="", editable=False)
    row = models.BigIntegerField(null=True, editable=False)
    together = models.UUIDField(null=True, db_index=True, editable=False)
    undoes = models.UUIDField(
        null=True, db_index=True, editable=False, help_text="`together` of what this took back."
    )
    private_before = models.TextField(blank=True, default="", db_default="", editable=False)
    private_after = models.TextField(blank=True, default="", db_default="", editable=False)

    class Meta:
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return f"{self.subject} {self.name}: {self.before or '—'} → {self.after or '—'}"


class PurgeReach(models.TextChoices):
    """What of the cache is ended."""

    TABLE = "table", "everything about a table"
    ROW = "row", "whatever may show one row of a table"
    USER = "user", "everything kept for one user"
    ALL = "all", "everything"


class Purge(models.Model):
    """Answers that an operator ended by hand; user and row are kept as hashes alone."""

    at = models.DateTimeField(default=timezone.now, db_index=True, editable=False)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, editable=False, on_delete=models.SET_NULL
    )
    reach = models.CharField(
        "end", max_length=5, choices=PurgeReach, default=PurgeReach.TABLE,
        help_text="The answers are fetched from Supabase again when they are next asked for, so "
        "a purge of much is a burst of calls.",
    )  # fmt: skip
    relation = models.CharField(
        "table", max_length=130, blank=True, validators=[RELATION],
        help_text="With its schema (api.contacts) or without; for a table and for a row.",
    )  # fmt: skip
    about = models.CharField(max_length=8, blank=True, editable=False)

    class Meta:
        ordering = ["-at"]
        default_permissions = ("add", "view")

    def __str__(self) -> str:
        return " ".join(filter(None, (self.get_reach_display(), self.relation, self.about)))
