"""Python values as bytes of JSON: what comes back is equal, type for type, or is refused."""

import json
from typing import Any

from optimizer.errors import ValueNotCacheable

_EXACT = frozenset({str, int, float, bool, type(None)})


def encode(value: Any) -> bytes:
    """Write a value; raises ValueNotCacheable where reading it back would give another."""
    try:
        data = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError) as error:
        raise ValueNotCacheable(f"this value cannot be cached: {error}") from error
    if not _is_plain(value):
        _require_same(value, json.loads(data), "the value")
    return data.encode("utf-8", "surrogatepass")


def decode(data: bytes) -> Any:
    """Read a value back, as a fresh object that the caller may change."""
    return json.loads(data.decode("utf-8", "surrogatepass"))


def _is_plain(value: Any) -> bool:
    """Whether it holds JSON's own types alone, so that it need not be read back to be sure."""
    kind = type(value)
    if kind is dict:
        return all(type(name) is str and _is_plain(item) for name, item in value.items())
    if kind is list:
        return all(map(_is_plain, value))
    return kind in _EXACT


def _require_same(value: Any, read: Any, where: str) -> None:
    if type(value) is not type(read):
        kind, other = type(value).__qualname__, type(read).__qualname__
        raise ValueNotCacheable(f"{where} is a {kind} and would come back as a {other}")
    if isinstance(value, dict):
        if list(value) != list(read):
            raise ValueNotCacheable(f"{where} has keys that are no texts")
        for name in value:
            _require_same(value[name], read[name], f"{where}[{name!r}]")
    elif isinstance(value, list):
        for index, (item, back) in enumerate(zip(value, read, strict=True)):
            _require_same(item, back, f"{where}[{index}]")
