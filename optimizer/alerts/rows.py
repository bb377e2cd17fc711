"""Which stored rows a rule is about."""

from datetime import datetime
from typing import Any

from django.db.models import Q


def between(rows: Any, start: datetime, end: datetime) -> Any:
    """Those of the minutes from start up to end."""
    return rows.filter(minute__gte=start, minute__lt=end)


def of(relation: str) -> Q:
    """All relations for none, and those of every schema for a bare name."""
    if not relation:
        return Q()
    return Q(relation=relation) if "." in relation else Q(relation__endswith=f".{relation}")
