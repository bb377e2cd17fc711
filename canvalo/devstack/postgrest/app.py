"""The ASGI application: PostgREST at `/` and at `/rest/v1`, and what else a project offers."""

from collections.abc import Mapping
from dataclasses import replace

from . import cors
from .asgi import App, Gone, Receive, Scope, Send, head, respond, whole_body
from .errors import Refusal
from .raw import Raw
from .respond import refuse
from .service import Service

REST = "/rest/v1"


def application(service: Service, others: Mapping[str, App]) -> App:
    """PostgREST's routes, and others by the prefix of their path."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return None
        path = scope["raw_path"].decode("latin-1")
        for prefix, other in others.items():
            if _is_below(path, prefix):
                return await other(scope, receive, send)
        prefix = REST if _is_below(path, REST) else ""
        return await _serve(service, head(scope, prefix), receive, send, gateway=bool(prefix))

    return app


def _is_below(path: str, prefix: str) -> bool:
    return path == prefix or path.startswith(prefix + "/")


async def _serve(
    service: Service, raw: Raw, receive: Receive, send: Send, *, gateway: bool
) -> None:
    try:
        body = await whole_body(receive)
        asked = replace(_through_gateway(raw) if gateway else raw, body=body)
        response = cors.preflight(raw) or await service.answer(asked)
    except Refusal as refusal:
        response = refuse(refusal)
    except Gone:
        return
    await respond(send, cors.add(raw, response))


def _through_gateway(raw: Raw) -> Raw:
    """Supabase's gateway takes the API key for the token where no other one is sent."""
    key = raw.header("apikey")
    if key is None or raw.header("authorization") is not None:
        return raw
    return replace(raw, headers=(*raw.headers, ("authorization", f"Bearer {key}")))
