"""Lists of the admin with columns that not everybody who sees the list may read."""

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest

if TYPE_CHECKING:
    AnyAdmin = admin.ModelAdmin[Any]
else:  # Django's classes take no type arguments when they run
    AnyAdmin = admin.ModelAdmin


class PrivateColumns(AnyAdmin):
    """Refuses filters by private columns: whether a row is found tells them letter by letter.

    Django allows a filter by every column of the model's own, shown or not.
    """

    private: ClassVar[frozenset[str]] = frozenset()

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Whether the address of the list may filter by this."""
        hidden = lookup.partition("__")[0] in self.private
        return not hidden and super().lookup_allowed(lookup, value, request)
