"""A column for the buckets of a histogram."""

from collections.abc import Mapping
from typing import Any

from django.db import models

from optimizer.domain.tally import packed, unpacked


class BucketsField(models.TextField):  # type: ignore[type-arg]  # takes none when it runs
    """Bucket → count, as a dict of integers; kept as short text, since there are many."""

    def from_db_value(self, value: str, expression: Any, connection: Any) -> dict[int, int]:
        """What is kept, as a dict."""
        return unpacked(value)

    def get_prep_value(self, value: Mapping[Any, int] | str) -> str:
        """What is to be kept."""
        if isinstance(value, str):
            return value
        return packed({int(bucket): count for bucket, count in value.items()})
