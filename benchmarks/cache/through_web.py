"""A hit through `/api/contacts`, beside an empty ninja view of the same server and token."""

import statistics

import httpx

from benchmarks.measure import NotComparable, interleaved
from benchmarks.report import Row
from benchmarks.stack import Stack

_ASKED = "/api/contacts?limit=50"


def start(stack: Stack, supabase_url: str) -> str:
    """Start the product with the empty view; its address."""
    told = {"DJANGO_SETTINGS_MODULE": "canvalo.settings"}
    return stack.web(supabase_url, application="benchmarks.cache.web:application", **told)


def rows(web: str, token: str, quick: bool) -> list[Row]:
    """Milliseconds of a whole request on a connection that stays open."""
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=web, headers=headers, trust_env=False) as client:

        def ours() -> None:
            if client.get(_ASKED).raise_for_status().headers["x-cache"] != "hit":
                raise NotComparable("the answer is no hit")

        def theirs() -> None:
            client.get("/bench/empty").raise_for_status()

        client.get(_ASKED).raise_for_status()  # fills
        ours_ms, theirs_ms = interleaved(ours, theirs, 400 if quick else 2000)
    for name, taken in (("/api/contacts", ours_ms), ("an empty view", theirs_ms)):
        middle = statistics.median(taken)
        print(f"  over HTTP: {name} {middle:.2f} ms ({min(taken):.2f} to {max(taken):.2f})")
    name = "hit through /api/contacts, ms: ours, an empty view"
    return [Row(name, statistics.median(ours_ms), statistics.median(theirs_ms), "<= 1.25")]
