"""A stored answer, and its form in Valkey: a version byte, JSON, then the body as it is."""

import json
import struct
from dataclasses import dataclass

from optimizer.domain.answer import Answer
from optimizer.domain.freshness import Mark

FORMAT = 2
_HEAD = struct.Struct(">BI")  # format version, length of the JSON that follows


@dataclass(frozen=True, slots=True)
class Entry:
    """An answer with the stamps under which it was fetched and the time of its fill (epoch s).

    The stamps begin with the epoch; `position` is that of the last change before the fetch.
    """

    answer: Answer
    stamps: str
    filled_at: float
    position: int = 0

    @property
    def mark(self) -> Mark:
        """The point in the history of changes at which the answer was true, or later."""
        return Mark(self.stamps.partition(" ")[0], self.position)

    @property
    def size(self) -> int:
        """Bytes that the entry weighs, near enough to bound a tier."""
        headers = sum(len(n) + len(v) for n, v in self.answer.headers)
        return len(self.answer.body) + headers + len(self.stamps) + 200


def encode(entry: Entry) -> bytes:
    """Write an entry as bytes."""
    answer = entry.answer
    parts = [answer.status, answer.headers, entry.stamps, entry.filled_at, entry.position]
    meta = json.dumps(parts).encode()
    return _HEAD.pack(FORMAT, len(meta)) + meta + answer.body


def decode(data: bytes) -> Entry | None:
    """Read an entry back; None where another version of Canvalo wrote it."""
    version, length = _HEAD.unpack_from(data)
    if version != FORMAT:
        return None
    start = _HEAD.size
    status, headers, stamps, filled_at, position = json.loads(data[start : start + length])
    pairs = tuple((name, value) for name, value in headers)
    return Entry(Answer(status, pairs, data[start + length :]), stamps, filled_at, position)
