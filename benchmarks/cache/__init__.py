"""cache: hits, misses, invalidation, hit ratios and memory, beside seven other caches.

The peers are in the bench's own environment alone, so they are imported when it runs.
"""

from benchmarks.report import Row


def run(quick: bool) -> list[Row]:
    """Both sides in one run, equally warm, the same rows; ranges are printed on the way."""
    from benchmarks.cache.everything import rows

    return rows(quick)
