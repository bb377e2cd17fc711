"""Tokens for the API."""

import hashlib
import secrets
from datetime import datetime

from django.db import models
from django.utils import timezone


class TokenScope(models.TextChoices):
    """What an API token may read."""

    STATS = "stats", "the statistics"
    METRICS = "metrics", "figures for Prometheus"


class ApiToken(models.Model):
    """A token that may read figures of its scope, until it ends; only its hash is kept."""

    name = models.CharField(max_length=80, unique=True)
    hash = models.CharField(max_length=64, unique=True, editable=False)
    scope = models.CharField(
        max_length=20, choices=TokenScope.choices, default=TokenScope.STATS, editable=False
    )
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True, blank=True, help_text="Empty: never.")
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["name"]
        verbose_name = "API token"

    def __str__(self) -> str:
        return self.name

    @classmethod
    def issue(cls, name: str, scope: str = TokenScope.STATS, ends: datetime | None = None) -> str:
        """Make a token, keep its hash, and return the token, which cannot be shown again."""
        token = f"cvl_{secrets.token_urlsafe(32)}"
        cls.objects.create(name=name, hash=hash_token(token), scope=scope, expires_at=ends)
        return token


def hash_token(token: str) -> str:
    """Hash a token for storage; the token is random, so a plain hash is enough."""
    return hashlib.sha256(token.encode()).hexdigest()
