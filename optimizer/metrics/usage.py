"""Supabase's own count of calls, asked of its management API with a personal token."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, NamedTuple

import httpx

from optimizer.errors import UpstreamError

PATH = "/v1/projects/{ref}/analytics/endpoints/usage.api-counts"
_TIMEOUT = 20.0  # s


class CallCounts(NamedTuple):
    """Calls of all clients of the project in the stretch that begins then."""

    at: datetime
    rest: int
    auth: int
    storage: int
    realtime: int


def fetch(base_url: str, ref: str, token: str) -> list[CallCounts]:
    """The counts of the last day; raises UpstreamError, whose text holds no token."""
    url = base_url.rstrip("/") + PATH.format(ref=ref)
    headers = {"Authorization": f"Bearer {token}"}
    with _named():
        answer = httpx.get(url, params={"interval": "1day"}, headers=headers, timeout=_TIMEOUT)
        if answer.status_code != 200:
            raise UpstreamError(f"Supabase's management API answered {answer.status_code}")
        return [_counts(row) for row in answer.json()["result"]]


def _counts(row: dict[str, Any]) -> CallCounts:
    kinds = ("rest", "auth", "storage", "realtime")
    return CallCounts(_moment(row["timestamp"]), *(int(row[f"total_{k}_requests"]) for k in kinds))


def _moment(value: str | float) -> datetime:
    """A time as text, or in microseconds since the epoch."""
    if isinstance(value, str):
        at = datetime.fromisoformat(value)
        return at if at.tzinfo else at.replace(tzinfo=UTC)
    return datetime.fromtimestamp(value / 1e6, UTC)


@contextmanager
def _named() -> Iterator[None]:
    """Name what can go wrong once, at this edge."""
    try:
        yield
    except httpx.HTTPError as error:
        kind = type(error).__name__
        raise UpstreamError(f"Supabase's management API cannot be reached: {kind}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise UpstreamError("Supabase's management API answered something unexpected") from error
