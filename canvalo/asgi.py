"""The ASGI entry point: `uvicorn canvalo.asgi:application`."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "canvalo.settings")

application = get_asgi_application()
