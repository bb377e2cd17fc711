"""The outbound heartbeat: a request each minute that stops when anything recurring does."""

import logging
from datetime import datetime

import httpx
from django.conf import settings

from optimizer.alerts import watch

log = logging.getLogger(__name__)

TIMEOUT = 10.0  # s


def send_heartbeat(now: datetime) -> bool:
    """Ask the address that is set, unless work is overdue; whether it was asked and answered."""
    url = getattr(settings, "CANVALO_HEARTBEAT_URL", "")
    if not url:
        return False
    late = watch.late(now, datetime.min.replace(tzinfo=now.tzinfo))
    if late:
        log.warning("no heartbeat: overdue are %s", ", ".join(one.name for one in late))
        return False
    return _ask(url)


def _ask(url: str) -> bool:
    try:
        httpx.get(url, timeout=TIMEOUT, follow_redirects=True).raise_for_status()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        log.warning("the heartbeat was not taken: %s", type(error).__name__)  # its URL is a secret
        return False
    return True
