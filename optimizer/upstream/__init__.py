"""Everything that talks to Supabase: one transport, a pool of clients, tokens.

The names that applications use live above this room and are found here too, at their first use.
"""

from typing import Any

_PUBLIC = (
    "get_connection_pool",
    "with_pooled_connection",
)


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import optimizer

    return getattr(optimizer, name)
