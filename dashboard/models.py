"""What belongs to the dashboard alone: words on the charts, and links for those without account."""

import hashlib
import secrets
from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone


class Annotation(models.Model):
    """Something that happened and may explain the figures, such as a deploy; drawn on charts."""

    class Kind(models.TextChoices):
        """What it was."""

        DEPLOY = "deploy"
        NOTE = "note"

    at = models.DateTimeField(default=timezone.now, db_index=True)
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.NOTE)
    text = models.CharField(max_length=200, help_text="What happened, in a few words.")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, editable=False, on_delete=models.SET_NULL
    )

    class Meta:
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"{self.kind}: {self.text}"


class ShareLink(models.Model):
    """An address that shows the figures, and nothing else, to whoever has it; its hash is kept."""

    name = models.CharField(max_length=80, unique=True, help_text="Who it is for.")
    hash = models.CharField(max_length=64, unique=True, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, editable=False, on_delete=models.SET_NULL
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True, help_text="Empty: never.")
    revoked_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["name"]
        permissions: ClassVar = [("view_figures", "Can look at the dashboard")]

    def __str__(self) -> str:
        return self.name

    def renew(self) -> str:
        """Give it a token, which cannot be shown again; the row is yet to be saved."""
        token = f"cvl_share_{secrets.token_urlsafe(32)}"
        self.hash = hash_of(token)
        return token

    @classmethod
    def standing(cls, now: datetime) -> models.QuerySet["ShareLink"]:
        """Those that still lead in."""
        return cls.objects.filter(Q(expires_at=None) | Q(expires_at__gt=now), revoked_at=None)


def hash_of(token: str) -> str:
    """Hash a token for storage; it is random, so a plain hash is enough."""
    return hashlib.sha256(token.encode()).hexdigest()
