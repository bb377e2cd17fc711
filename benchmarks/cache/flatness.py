"""Memory over ten million operations on a full tier."""

import random

import psutil

from benchmarks.cache.tier import Tier
from benchmarks.report import Row

_SEED = 20_261_125
_ENTRIES, _KEYS, _MOST = 2000, 20_000, 10_000  # a key's answer always has the same size


def rows(quick: bool) -> list[Row]:
    """Resident megabytes after a tenth of the operations and at the end."""
    count = 500_000 if quick else 10_000_000
    tier, chance = Tier(_ENTRIES), random.Random(_SEED)
    names = [str(n) for n in range(_KEYS)]
    sizes = [chance.randrange(100, _MOST) for _ in names]
    fill(tier, names, sizes)
    tenths = [resident_after(tier, names, sizes, chance, count // 10) for _ in range(10)]
    print(f"  resident MB after each tenth: {', '.join(f'{mb:.1f}' for mb in tenths)}")
    name = f"memory over {count:,} operations, MB: at the most, after a tenth"
    return [Row(name, max(tenths), tenths[0], "<= 1.02")]


def fill(tier: Tier, names: list[str], sizes: list[int]) -> None:
    """Ask for everything once."""
    for name, size in zip(names, sizes, strict=True):
        tier.ask(name, size)


def resident_after(
    tier: Tier, names: list[str], sizes: list[int], chance: random.Random, count: int
) -> float:
    """Ask so often, some keys far more often than others; resident MB afterwards."""
    for _ in range(count):
        number = int(len(names) * chance.random() ** 3)
        tier.ask(names[number], sizes[number])
    return float(psutil.Process().memory_info().rss) / 1e6
