"""Whether the running parts answer."""

import urllib.error
import urllib.request
from collections.abc import Mapping

import psycopg
import redis
from celery import Celery
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

from canvalo.devstack.errors import DevstackError

_SECONDS = 5
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


def require_servers(given: Mapping[str, str]) -> None:
    """Refuse where a server that the environment names does not answer; its address is not said.

    Without them the start would wait for its worker, and say nothing of the cause.
    """
    probes = {"DATABASE_URL": _postgres, "VALKEY_URL": _valkey, "CELERY_BROKER_URL": _valkey}
    for name, probe in probes.items():
        if (url := given.get(name)) and (fault := probe(url)):
            raise DevstackError(
                f"{name} is set, but no server answers there ({fault}): start it, correct the "
                "variable, or unset it for the embedded one"
            )


def _postgres(url: str) -> str:
    """What keeps it from answering, as the name of an error; empty where it answers."""
    try:
        psycopg.connect(url, connect_timeout=_SECONDS).close()
    except psycopg.Error as error:
        return type(error).__name__
    return ""


def _valkey(url: str) -> str:
    if not url.startswith(("redis://", "rediss://", "unix://")):
        return ""  # a broker of another kind
    try:
        with redis.Redis.from_url(
            url, socket_timeout=_SECONDS, socket_connect_timeout=_SECONDS, retry=None
        ) as client:
            client.ping()
    except (RedisError, OSError, ValueError) as error:
        return type(error).__name__
    return ""


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
