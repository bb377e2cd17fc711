"""One HTTP request as it came, with the few ways in which it is looked at."""

import json
from dataclasses import dataclass
from urllib.parse import unquote

from .auth import Caller

Settings = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Raw:
    """Method, path below the service's root, query string, headers in lower case, body."""

    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """The first header of this name."""
        return next((value for key, value in self.headers if key == name), None)

    def all(self, name: str) -> list[str]:
        """Every header of this name."""
        return [value for key, value in self.headers if key == name]

    @property
    def segments(self) -> tuple[str, ...]:
        """The parts of the path, decoded; none at the root."""
        parts = self.path.removeprefix("/").split("/")
        return tuple(unquote(part) for part in parts) if self.path not in ("", "/") else ()


def settings(raw: Raw, caller: Caller) -> Settings:
    """What SQL may read of this request, as settings of its transaction."""
    found = [
        ("request.jwt.claims", caller.claims),
        ("request.method", raw.method),
        ("request.path", raw.path),
    ]
    headers = {key: value for key, value in raw.headers if key != "cookie"}
    cookies = _cookies(raw.header("cookie"))
    for name, values in (("request.headers", headers), ("request.cookies", cookies)):
        if values:
            found.append((name, json.dumps(values, ensure_ascii=False)))
    return found


def _cookies(header: str | None) -> dict[str, str]:
    pairs = [part.strip().partition("=") for part in (header or "").split(";")]
    return {name: value for name, _, value in pairs if name}
