"""Where the whole site stands below a path of a host (`CANVALO_BASE_URL`).

A proxy may pass that path on or strip it. Django takes the address that a visitor asked for from
the path alone, so a stripped one is put back: else a sign-in would lead out of the site.
"""

from typing import Any

from canvalo.limits import App, Receive, Send


def mounted(prefix: str, app: App) -> App:
    """The application as seen with the whole path; `prefix` begins with a slash and ends without.

    An empty prefix changes nothing.
    """

    async def whole(scope: Any, receive: Receive, send: Send) -> None:
        await app(_put_back(scope, prefix), receive, send)

    return whole if prefix else app


def _put_back(scope: dict[str, Any], prefix: str) -> dict[str, Any]:
    path = scope["path"]
    is_whole = path == prefix or path.startswith(f"{prefix}/")
    return scope if is_whole else {**scope, "path": prefix + path}
