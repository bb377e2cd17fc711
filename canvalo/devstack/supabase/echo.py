"""Storage and functions, as far as a proxy's tests need them: they say what reached them."""

import hashlib
import json

from canvalo.devstack.postgrest import cors
from canvalo.devstack.postgrest.asgi import App, Gone, Receive, Scope, Send, chunks, head, respond
from canvalo.devstack.postgrest.respond import JSON_TYPE, Response


def application(prefix: str) -> App:
    """An application that answers each request with a description of it."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raw = head(scope, prefix)
        response = cors.preflight(raw)
        if response is None:
            try:
                size, digest = await _measure(receive)
            except Gone:
                return
            found = {
                "service": prefix,
                "method": raw.method,
                "path": raw.path,
                "query": raw.query,
                "headers": [list(header) for header in raw.headers],
                "body_length": size,
                "body_sha256": digest,
            }
            response = Response(200, [JSON_TYPE], json.dumps(found).encode())
        await respond(send, cors.add(raw, response))

    return app


async def _measure(receive: Receive) -> tuple[int, str]:
    """The body's length and digest; it is never held as a whole."""
    size, digest = 0, hashlib.sha256()
    async for chunk in chunks(receive):
        size += len(chunk)
        digest.update(chunk)
    return size, digest.hexdigest()
