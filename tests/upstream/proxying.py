"""An ASGI application that passes requests on to `TARGET`, for a real server before the stand-in.

It says in `x-spoken` which version of HTTP it was asked by.
"""

import os

import httpx

_HOP = ("transfer-encoding", "connection", "content-encoding", "content-length")
_client = httpx.AsyncClient(base_url=os.environ["TARGET"], timeout=30)


async def application(scope, receive, send):
    """One request."""
    assert scope["type"] == "http"
    query = scope["query_string"].decode()
    path = scope["raw_path"].decode().partition("?")[0] + (f"?{query}" if query else "")
    headers = [(n, v) for n, v in scope["headers"] if n not in (b"host", b"connection")]
    answer = await _client.request(
        scope["method"], path, headers=headers, content=await _whole(receive)
    )
    told = [(n.encode(), v.encode()) for n, v in answer.headers.items() if n not in _HOP]
    told.append((b"x-spoken", scope["http_version"].encode()))
    await send({"type": "http.response.start", "status": answer.status_code, "headers": told})
    await send({"type": "http.response.body", "body": answer.content})


async def _whole(receive):
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body
