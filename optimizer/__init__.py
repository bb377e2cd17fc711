"""Canvalo's engine. Public names are imported at their first use.

So `import optimizer` is safe before Django is ready, opens nothing, and costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from optimizer.version import __version__

if TYPE_CHECKING:
    from optimizer.batch.operations import BatchOperation, BatchOperationType
    from optimizer.batching import (
        batch_delete_records,
        batch_insert_records,
        batch_stream,
        batch_update_records,
        batch_upsert_records,
        get_batcher,
    )
    from optimizer.caching import cached_query
    from optimizer.conf import get_cache_ttl, optimization_settings
    from optimizer.config import Config
    from optimizer.connections import (
        get_connection_pool,
        get_rows,
        supabase_client,
        supabase_client_sync,
        with_pooled_connection,
    )
    from optimizer.kept import get_cache
    from optimizer.runtime import open_engine

__all__ = [
    "BatchOperation",
    "BatchOperationType",
    "Config",
    "__version__",
    "batch_delete_records",
    "batch_insert_records",
    "batch_stream",
    "batch_update_records",
    "batch_upsert_records",
    "cached_query",
    "get_batcher",
    "get_cache",
    "get_cache_ttl",
    "get_connection_pool",
    "get_rows",
    "open_engine",
    "optimization_settings",
    "supabase_client",
    "supabase_client_sync",
    "with_pooled_connection",
]

_HOMES = {
    "BatchOperation": "batch.operations",
    "BatchOperationType": "batch.operations",
    "Config": "config",
    "batch_delete_records": "batching",
    "batch_insert_records": "batching",
    "batch_stream": "batching",
    "batch_update_records": "batching",
    "batch_upsert_records": "batching",
    "cached_query": "caching",
    "get_batcher": "batching",
    "get_cache": "kept",
    "get_cache_ttl": "conf",
    "get_connection_pool": "connections",
    "get_rows": "connections",
    "open_engine": "runtime",
    "optimization_settings": "conf",
    "supabase_client": "connections",
    "supabase_client_sync": "connections",
    "with_pooled_connection": "connections",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'optimizer' has no attribute {name!r}")
    return getattr(import_module(f"optimizer.{_HOMES[name]}"), name)
