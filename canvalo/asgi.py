"""The ASGI entry point: `uvicorn canvalo.asgi:application`."""

import asyncio
import os
import warnings
from contextlib import suppress
from typing import Any, cast

from django.conf import settings
from django.core.asgi import get_asgi_application
from django.db import DatabaseError

from canvalo.limits import App, Receive, Send, limited
from canvalo.mount import mounted
from canvalo.requestlog import named

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "canvalo.settings")

# WhiteNoise hands out open files: Django reads such a small file whole, which is what is wanted.
warnings.filterwarnings("ignore", "StreamingHttpResponse must consume synchronous iterators")

_site = cast(App, get_asgi_application())
_django = named(limited(mounted(settings.FORCE_SCRIPT_NAME or "", _site)))


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Serve requests by Django; Django knows no lifespan, so that part is answered here."""
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
    else:
        await _django(scope, receive, send)


async def _lifespan(receive: Receive, send: Send) -> None:
    """Open the engine when the server starts, and hand its counts over when it stops."""
    from optimizer import runtime

    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            with suppress(DatabaseError):  # said by the recurring watch, which tries again
                await runtime.current().refresh_settings()
            await send({"type": "lifespan.startup.complete"})
        else:
            await runtime.close_current()
            # uvicorn ends by the signal it was sent, so no exit handler closes what views opened.
            await asyncio.to_thread(runtime.hand_over)
            await send({"type": "lifespan.shutdown.complete"})
            return
