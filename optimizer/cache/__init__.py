"""Two tiers and a single flight; knows nothing of Supabase or Django.

The names that applications use live above this room and are found here too, at their first use.
"""

from typing import Any

_PUBLIC = (
    "cached_query",
    "get_cache",
)


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import optimizer

    return getattr(optimizer, name)
