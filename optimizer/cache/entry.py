"""A stored answer, and its form in Valkey: a head, JSON, and the body, packed where it pays."""

import json
import struct
import threading
from dataclasses import dataclass

import zstandard
from pydantic_core import from_json

from optimizer.domain.answer import Answer
from optimizer.domain.freshness import Mark

FORMAT = 3
_HEAD = struct.Struct(">BBI")  # format version, how the body is packed, length of the JSON
_PLAIN, _ZSTD = 0, 1
_LARGEST = 256_000_000  # bytes that a body unpacks to at most


class _Packers(threading.local):
    """One of each for every thread: to make them takes longer than to pack a page of rows."""

    def __init__(self) -> None:
        self.write = zstandard.ZstdCompressor(level=1)
        self.read = zstandard.ZstdDecompressor()


_packers = _Packers()


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

    def age(self, now: float) -> float:
        """Seconds since its fill; none where the clock was set back."""
        return max(0.0, now - self.filled_at)

    @property
    def size(self) -> int:
        """Bytes that the entry weighs, near enough to bound a tier."""
        headers = sum(len(n) + len(v) for n, v in self.answer.headers)
        return len(self.answer.body) + headers + len(self.stamps) + 200


def encode(entry: Entry, compress_from: int = 0) -> bytes:
    """Write an entry as bytes; a body of so many bytes or more is compressed, 0: never."""
    answer = entry.answer
    parts = [answer.status, answer.headers, entry.stamps, entry.filled_at, entry.position]
    meta = json.dumps(parts).encode()
    packing, body = _pack(answer, compress_from)
    return _HEAD.pack(FORMAT, packing, len(meta)) + meta + body


def decode(data: bytes) -> Entry | None:
    """Read an entry back; None where another version of Canvalo wrote it."""
    if not data or data[0] != FORMAT:
        return None
    _, packing, length = _HEAD.unpack_from(data)
    start = _HEAD.size
    status, headers, stamps, filled_at, position = from_json(data[start : start + length])
    pairs = tuple((name, value) for name, value in headers)
    body = _unpack(packing, data[start + length :])
    return Entry(Answer(status, pairs, body), stamps, filled_at, position)


def _pack(answer: Answer, compress_from: int) -> tuple[int, bytes]:
    """What Supabase sent compressed stays as it is; what does not get smaller, too."""
    body = answer.body
    if not compress_from or len(body) < compress_from or answer.header("content-encoding"):
        return _PLAIN, body
    packed = _packers.write.compress(body)
    return (_ZSTD, packed) if len(packed) < len(body) else (_PLAIN, body)


def _unpack(packing: int, body: bytes) -> bytes:
    return _packers.read.decompress(body, _LARGEST) if packing == _ZSTD else body
