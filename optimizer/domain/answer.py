"""An HTTP answer as a value, and a call that fetches one."""

import gzip
import json
import re
import zlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

# PostgREST has no connection, has not read its schema yet, or its pool is exhausted.
_BEFORE = frozenset({"PGRST000", "PGRST002", "PGRST003"})
_CHOSEN = re.compile(r"PT\d{3}")


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it came: status, headers that a client may rely on, the body's wire bytes."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    settled: bool = True  # False: an earlier attempt of the same write may still take effect

    def header(self, name: str) -> str:
        """The value of a header given in lower case, or nothing."""
        return next((v for n, v in self.headers if n == name), "")

    @property
    def is_packed(self) -> bool:
        """Whether its body is compressed by gzip."""
        return self.header("content-encoding") == "gzip"

    def plain(self) -> bytes:
        """The body, unpacked where it was compressed by gzip; raises BadGzipFile."""
        return gzip.decompress(self.body) if self.is_packed else self.body

    @property
    def code(self) -> str:
        """PostgREST's code of a refusal, or nothing."""
        if self.status < 400:
            return ""
        try:
            found = json.loads(self.plain())
        except (ValueError, OSError, EOFError, RecursionError, zlib.error):
            return ""
        return str(found.get("code", "")) if isinstance(found, dict) else ""

    @property
    def never_began(self) -> bool:
        """Whether PostgREST says that it did not come to carry anything out."""
        return self.status >= 500 and self.code in _BEFORE

    @property
    def is_chosen(self) -> bool:
        """Whether a function chose the status: for what it did (`response.status`), which PostgREST
        counts in a Content-Range, or for its refusal (`raise sqlstate 'PT503'`)."""
        return bool(self.header("content-range")) or _CHOSEN.fullmatch(self.code) is not None

    @property
    def rows_shown(self) -> int | None:
        """How many rows it shows, by its Content-Range (`0-24/573`, `*/0` or `*/*` for none)."""
        first, _, last = self.header("content-range").partition("/")[0].partition("-")
        if first == "*":
            return 0
        return int(last) - int(first) + 1 if first.isdecimal() and last.isdecimal() else None


@dataclass(frozen=True, slots=True)
class Call:
    """A request that is ready to leave: how to send it, and how many bytes its body has."""

    send: Callable[[], Awaitable[Answer]]
    sent_bytes: int = 0
