"""Folding many writes into few calls.

The names that applications use live above this room and are found here too, at their first use.
"""

from typing import Any

_PUBLIC = (
    "BatchOperation",
    "BatchOperationType",
    "batch_delete_records",
    "batch_insert_records",
    "batch_stream",
    "batch_update_records",
    "batch_upsert_records",
    "get_batcher",
)


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import optimizer

    return getattr(optimizer, name)
