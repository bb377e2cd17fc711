"""Telling whoever declared something of a table that answers show it otherwise."""

import logging
from collections.abc import Awaitable, Callable

from optimizer.errors import CacheUnavailable

logger = logging.getLogger(__name__)

_MOST = 1000  # relations and columns that are remembered


class Doubts:
    """Says each thing once: in the log, and by `tell` where the admin finds it."""

    def __init__(self, tell: Callable[[str, frozenset[str]], Awaitable[None]]) -> None:
        self._tell = tell
        self._said: set[tuple[str, str]] = set()

    async def tell(self, relation: str, columns: frozenset[str]) -> None:
        """Say that these columns are not as declared; values are never told."""
        fresh = {(relation, column) for column in columns} - self._said
        if not fresh or len(self._said) > _MOST:
            return
        try:
            known = {column for name, column in self._said if name == relation}
            await self._tell(relation, columns | known)
        except CacheUnavailable:
            return
        self._said |= fresh
        logger.warning(
            "an answer about %s shows %s otherwise than is declared in its table settings",
            relation,
            ", ".join(sorted(columns)),
        )
