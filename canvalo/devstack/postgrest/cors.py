"""Cross-origin requests, allowed from everywhere as PostgREST allows them by default."""

from dataclasses import replace

from .raw import Raw
from .respond import Header, Response

_METHODS = "GET, POST, PATCH, PUT, DELETE, OPTIONS, HEAD"
_ALWAYS_ALLOWED = ("Accept", "Accept-Language", "Content-Language")
_EXPOSED = (
    "Content-Encoding, Content-Location, Content-Range, Content-Type, Date, Location, Server, "
    "Transfer-Encoding, Range-Unit"
)
_ORIGIN: Header = ("Access-Control-Allow-Origin", "*")


def preflight(raw: Raw) -> Response | None:
    """The answer to a browser that asks before it asks; None for any other request."""
    asks = raw.method == "OPTIONS" and raw.header("access-control-request-method") is not None
    if raw.header("origin") is None or not asks:
        return None
    wanted = [h.strip() for h in (raw.header("access-control-request-headers") or "").split(",")]
    names = ("Authorization", *filter(None, wanted), *_ALWAYS_ALLOWED)
    headers = [
        _ORIGIN,
        ("Access-Control-Allow-Methods", _METHODS),
        ("Access-Control-Allow-Headers", ", ".join(names)),
        ("Access-Control-Max-Age", "86400"),
        ("Content-Length", "0"),
    ]
    return Response(200, headers)


def add(raw: Raw, response: Response) -> Response:
    """The answer to a request from another origin, as its browser wants it."""
    if raw.header("origin") is None or _ORIGIN in response.headers:
        return response
    exposed = ("Access-Control-Expose-Headers", _EXPOSED)
    return replace(response, headers=[*response.headers, _ORIGIN, exposed])
