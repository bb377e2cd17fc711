"""Media types: what the client accepts, what can be produced, how it is named in the answer."""

import re

from .catalog.model import Catalog, Name
from .request import Media

ANY = "*/*"
OPENAPI = "application/openapi+json"
FORM = "application/x-www-form-urlencoded"
PLAN = "application/vnd.pgrst.plan+"
_PLAIN = {
    Media.JSON,
    Media.GEOJSON,
    Media.CSV,
    Media.TEXT,
    Media.XML,
    Media.BINARY,
    OPENAPI,
    FORM,
    ANY,
}
_VENDORED = {
    "application/vnd.pgrst.object+json": (Media.OBJECT, Media.OBJECT_STRIPPED),
    "application/vnd.pgrst.object": (Media.OBJECT, Media.OBJECT_STRIPPED),
    "application/vnd.pgrst.array+json": (Media.JSON, Media.STRIPPED),
    "application/vnd.pgrst.array": (Media.JSON, Media.STRIPPED),
}
_TYPE = re.compile(r"[A-Za-z0-9.*]+/[A-Za-z0-9.*+-]+")
_PARAMETER = re.compile(r'\s*;\s*([A-Za-z0-9-]+)\s*=\s*(?:"([^"]*)"|([A-Za-z0-9|-]+))')
_PLAN_OPTIONS = ("analyze", "verbose", "settings", "buffers", "wal")
_BUILT_IN: dict[str, str] = {
    ANY: Media.JSON,
    Media.JSON: Media.JSON,
    Media.CSV: Media.CSV,
    Media.GEOJSON: Media.GEOJSON,
}
_FIXED = (Media.OBJECT, Media.OBJECT_STRIPPED, Media.STRIPPED)


def accepted(header: str | None) -> list[str]:
    """The media types of an `Accept` header, the most wanted first."""
    if header is None:
        return [ANY]
    ranked = [_ranked(part) for part in header.split(",")] if header else []
    ranked.sort(key=lambda item: item[1], reverse=True)
    return [decode(text) for text, _ in ranked]


def _ranked(part: str) -> tuple[str, tuple[float, int]]:
    text, _, quality = part.replace(" ", "").partition(";q=")
    try:
        wanted = float(quality) if quality else 1.0
    except ValueError:
        wanted = 1.0
    return text, (wanted, text.count(";") - text.count("*"))


def decode(text: str) -> str:
    """The media type as PostgREST names it; parameters that mean nothing to it are dropped."""
    found = _TYPE.match(text)
    if found is None:
        return text
    name = found[0].lower()
    if name in _VENDORED:
        return _VENDORED[name][_parameters(text, found.end()).get("nulls") == "stripped"]
    if name in ("application/vnd.pgrst.plan", PLAN + "text", PLAN + "json"):
        form = "json" if name.endswith("+json") else "text"
        return _plan(form, _parameters(text, found.end()))
    return name if name in _PLAIN else text


def _parameters(text: str, position: int) -> dict[str, str]:
    found: dict[str, str] = {}
    while (parameter := _PARAMETER.match(text, position)) is not None:
        name, quoted, plain = parameter.groups()
        found[name.lower()] = plain if quoted is None else quoted
        position = parameter.end()
    return found


def _plan(form: str, parameters: dict[str, str]) -> str:
    target = decode(parameters.get("for", Media.JSON))
    chosen = parameters.get("options", "").split("|")
    options = "|".join(option for option in _PLAN_OPTIONS if option in chosen)
    return f'{PLAN}{form}; for="{target}"' + (f"; options={options}" if options else "")


def content_type(media: str) -> str:
    """The `Content-Type` header of a body in this media type."""
    if media == ANY:
        return Media.BINARY  # what a handler for everything makes
    text = media in _PLAIN - {Media.BINARY} or media in _FIXED
    return f"{media}; charset=utf-8" if text else media


def negotiate(wanted: list[str], catalog: Catalog, target: Name, *, whole_row: bool) -> str | None:
    """The first of the wanted media types that can be produced; None where none can.

    `target` is the relation whose rows are answered, or the function that answers a value; its
    own handlers count only where whole rows are selected.
    """
    own = _handlers(catalog, target) if whole_row else set()
    return next((found for media in wanted if (found := _produced(media, catalog, own))), None)


def _handlers(catalog: Catalog, target: Name) -> set[str]:
    found = {handler.media for handler in catalog.handlers if handler.target == target}
    functions = catalog.functions.get(target, ())
    returned = {function.returns.name for function in functions if function.returns_scalar}
    return found | {name.lower() for name in returned if "/" in name}


def _produced(media: str, catalog: Catalog, own: set[str]) -> str | None:
    if media in _FIXED:
        return media
    if media.startswith(PLAN):
        return None  # explaining plans is off, as it is by default
    if ANY in own:
        return ANY
    if media in own or any(h.media == media and h.target is None for h in catalog.handlers):
        return media
    return _BUILT_IN.get(media)
