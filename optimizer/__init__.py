"""Canvalo's engine. Public names are imported at their first use.

So `import optimizer` is safe before Django is ready, opens nothing, and costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from optimizer.version import __version__

if TYPE_CHECKING:
    from optimizer.conf import get_cache_ttl, optimization_settings
    from optimizer.runtime import (
        batch_insert_records,
        get_connection_pool,
        supabase_client,
        with_pooled_connection,
    )

__all__ = [
    "__version__",
    "batch_insert_records",
    "get_cache_ttl",
    "get_connection_pool",
    "optimization_settings",
    "supabase_client",
    "with_pooled_connection",
]

_IN_CONF = ("get_cache_ttl", "optimization_settings")


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'optimizer' has no attribute {name!r}")
    home = "optimizer.conf" if name in _IN_CONF else "optimizer.runtime"
    return getattr(import_module(home), name)
