"""Whether the running parts answer."""

import urllib.error
import urllib.request

from celery import Celery
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

_NO_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def status(url: str) -> int:
    """The HTTP status that comes from there; 0 where nothing answers."""
    try:
        with _NO_PROXY.open(url, timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


class Workers:
    """Asks the Celery workers behind a broker whether they live."""

    def __init__(self, broker: str) -> None:
        self._app = Celery("probe", broker=broker)

    def answer(self) -> bool:
        """Whether a worker answers a ping within half a second."""
        try:
            return bool(self._app.control.ping(timeout=0.5, limit=1))
        except (OSError, KombuError, RedisError):
            return False
