"""Supabase's own count of calls, asked of its management API with a personal token."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, NamedTuple

import httpx

from optimizer.errors import UpstreamError

PATH = "/v1/projects/{ref}/analytics/endpoints/usage.api-counts"
_TIMEOUT = 20.0  # s
_OTHERS = ("auth", "storage", "realtime")
_UNITS, _YEAR_2500 = (1, 10**3, 10**6), 16_725_225_600


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
        body = answer.json()
        if body.get("error"):  # it may come with 200; its text may be anything
            raise UpstreamError("Supabase's management API could not count")
        return [_counts(row) for row in body["result"]]


def _counts(row: dict[str, Any]) -> CallCounts:
    """One row; a kind that the project does not use may be left out."""
    others = (int(row.get(f"total_{kind}_requests") or 0) for kind in _OTHERS)
    return CallCounts(_moment(row["timestamp"]), int(row["total_rest_requests"]), *others)


def _moment(value: str | float) -> datetime:
    """A time as text, or since the epoch in seconds, milliseconds or microseconds."""
    if isinstance(value, str):
        at = datetime.fromisoformat(value)
        return at if at.tzinfo else at.replace(tzinfo=UTC)
    unit = next(unit for unit in _UNITS if value / unit < _YEAR_2500)
    return datetime.fromtimestamp(value / unit, UTC)


@contextmanager
def _named() -> Iterator[None]:
    """Name what can go wrong once, at this edge."""
    try:
        yield
    except httpx.HTTPError as error:
        kind = type(error).__name__
        raise UpstreamError(f"Supabase's management API cannot be reached: {kind}") from error
    except (ValueError, LookupError, TypeError, AttributeError, StopIteration) as error:
        raise UpstreamError("Supabase's management API answered something unexpected") from error
