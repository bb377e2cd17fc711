"""flow: a repeated list of contacts from the web application, against one without the cache."""

import httpx

from benchmarks.measure import NotComparable, medians
from benchmarks.relay import Relay, relay
from benchmarks.report import Row
from benchmarks.stack import Stack

LATENCY_MS = 20  # what the way to a hosted project in the same part of the world may take
_REPEATED = "/api/contacts?limit=50"
_COUNTED = "/api/contacts?limit=49"  # not asked before: its first read is a miss


def run(quick: bool) -> list[Row]:
    """Milliseconds of a hit, and calls to Supabase for a hundred reads; both as alice."""
    with Stack() as stack:
        stack.migrate()
        port = stack.standin(LATENCY_MS)
        with relay(port) as ours, relay(port) as theirs:
            cached = stack.web(ours.url)
            plain = stack.web(theirs.url, OPTIMIZATION_CACHE_ENABLED="false")
            headers = {"Authorization": f"Bearer {stack.token('alice')}"}
            with httpx.Client(headers=headers, trust_env=False) as client:
                hit, uncached = Reads(client, cached, "hit"), Reads(client, plain, "bypass")
                return [
                    _times(hit, uncached, 60 if quick else 300),
                    _calls(hit, uncached, ours, theirs),
                ]


class Reads:
    """Asks one of the two web servers."""

    def __init__(self, client: httpx.Client, url: str, expected: str) -> None:
        self._client = client
        self._url = url
        self._expected = expected

    def get(self, path: str) -> bytes:
        """Ask, whatever the cache says."""
        return self._client.get(self._url + path).raise_for_status().content

    def repeated(self) -> bytes:
        """Ask again; it is an error where the cache says anything but what is measured."""
        answer = self._client.get(self._url + _REPEATED).raise_for_status()
        if (found := answer.headers["X-Cache"]) != self._expected:
            raise NotComparable(f"X-Cache is {found}, not {self._expected}: the time would lie")
        return answer.content


def _times(hit: Reads, uncached: Reads, rounds: int) -> Row:
    hit.get(_REPEATED)  # fills
    if hit.repeated() != uncached.repeated():
        raise NotComparable("the hit and the uncached answer differ")
    ours, theirs = medians(hit.repeated, uncached.repeated, rounds)
    return Row(f"/api/contacts, ms: hit, uncached at {LATENCY_MS} ms", ours, theirs, "<= 0.5")


def _calls(hit: Reads, uncached: Reads, ours: Relay, theirs: Relay) -> Row:
    name = "calls to Supabase for 100 reads: cached, uncached"
    return Row(name, _counted(ours, hit), _counted(theirs, uncached), "<= 0.1")


def _counted(witness: Relay, reads: Reads) -> int:
    before = witness.requests
    for _ in range(100):
        reads.get(_COUNTED)
    return witness.requests - before
