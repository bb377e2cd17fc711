"""What the project itself stores: failed sign-ins, as hashes and for an hour."""

from typing import ClassVar

from django.db import models
from django.utils import timezone


class SignInFailure(models.Model):
    """One sign-in that failed; name and address are keyed hashes that nobody can read back."""

    objects: ClassVar["models.Manager[SignInFailure]"] = models.Manager()

    at = models.DateTimeField(default=timezone.now, db_index=True)
    name = models.CharField(max_length=64, db_index=True)
    address = models.CharField(max_length=64, db_index=True)

    def __str__(self) -> str:
        return f"failed at {self.at:%F %T}"
