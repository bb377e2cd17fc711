"""Hit ratios of the process's own tier beside libCacheSim's, on four seeded workloads."""

import random
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate

import libcachesim

from benchmarks.cache.tier import Tier
from benchmarks.report import Row

_SEED = 20_261_125
_KEYS = 100_000
_PEERS = {
    "LRU": libcachesim.LRU,
    "SIEVE": libcachesim.Sieve,
    "S3-FIFO": libcachesim.S3FIFO,
    "W-TinyLFU": libcachesim.WTinyLFU,
}
_HASH = 17  # bits of the peers' tables
_POINTS = 2.0


def rows(quick: bool) -> list[Row]:
    """Per cent of hits; the bar is the best of the four peers less two points."""
    count = 300_000 if quick else 2_000_000
    return [_row(name, size, asks(count)) for name, (size, asks) in WORKLOADS.items()]


def zipf(count: int) -> list[int]:
    """Zipf with exponent 0.9 over all keys."""
    chance = random.Random(_SEED)
    weights = list(accumulate(rank**-0.9 for rank in range(1, _KEYS + 1)))
    return chance.choices(range(_KEYS), cum_weights=weights, k=count)


def shifting(count: int) -> list[int]:
    """Nine in ten for 1,200 keys that are hot; every 50,000 asks half of those are others."""
    chance = random.Random(_SEED)
    return [
        n // 50_000 * 600 + chance.randrange(1200)
        if chance.random() < 0.9
        else _KEYS + chance.randrange(_KEYS)
        for n in range(count)
    ]


def scanned(count: int) -> list[int]:
    """Zipf, and after every 20,000 of it a scan of 5,000 keys that nobody asks for again."""
    asks, mixed, beyond = zipf(count * 4 // 5), [], _KEYS
    for start in range(0, len(asks), 20_000):
        mixed += [*asks[start : start + 20_000], *range(beyond, beyond + 5000)]
        beyond += 5000
    return mixed


Workload = Callable[[int], list[int]]
WORKLOADS: Mapping[str, tuple[int, Workload]] = {
    "Zipf 0.9 at 1 %": (_KEYS // 100, zipf),
    "Zipf 0.9 at 10 %": (_KEYS // 10, zipf),
    "shifting hot set": (1000, shifting),
    "scan-mixed": (1000, scanned),
}


def _row(name: str, size: int, asks: Sequence[int]) -> Row:
    ours = _ours(size, asks)
    theirs = {peer: _theirs(make, size, asks) for peer, make in _PEERS.items()}
    told = ", ".join(f"{peer} {share:.1f}" for peer, share in theirs.items())
    print(f"  hit ratio, {name}: ours {ours:.1f} %, {told}")
    best = max(theirs.values()) - _POINTS
    return Row(f"hit ratio %, {name}: ours, best of four less 2 points", ours, best, ">= 1")


def _ours(size: int, asks: Sequence[int]) -> float:
    tier = Tier(size)
    return 100 * sum(tier.ask(str(key)) for key in asks) / len(asks)


def _theirs(make: Callable[..., libcachesim.Cache], size: int, asks: Sequence[int]) -> float:
    cache, request, hits = make(size, hashpower=_HASH), libcachesim.Request(), 0
    request.obj_size = 1
    for key in asks:
        request.obj_id = key
        hits += cache.get(request)
    return 100 * hits / len(asks)
