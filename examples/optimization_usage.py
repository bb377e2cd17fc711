"""What Canvalo does for an application, call by call, against a running `script/server`.

    .venv/bin/python examples/optimization_usage.py

It works as Alice, one of the stand-in's users, and deletes what it writes. Your own program needs
the same two lines of set-up: the name of the Django settings here, `django.setup()` at the end.
"""

import asyncio
import os
import sys
import time
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # to find Canvalo uninstalled
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "canvalo.settings")

import django
import httpx
import redis
from django.conf import settings

from optimizer import (
    BatchOperation,
    BatchOperationType,
    batch_delete_records,
    batch_insert_records,
    batch_update_records,
    cached_query,
    get_batcher,
    get_cache,
    get_cache_ttl,
    get_connection_pool,
    optimization_settings,
    runtime,
    with_pooled_connection,
)

ALICE = "00000000-0000-4000-8000-00000000a11c"
MARK = "optimization_usage.py"
ours: list[str] = []  # ids of the contacts that this program has inserted


# 1. Caching. The function is asked once; a write to the table through Canvalo ends what is kept.
@cached_query("contacts", ttl=300)
async def get_contacts(user_id: str, contact_type: str | None = None) -> Any:
    """The work is done only on a miss: a hit does not come here."""
    print("       ... asking Supabase")

    async def fetch(client: Any) -> Any:
        query = client.schema("api").table("contacts").select("id,name").eq("owner_id", user_id)
        if contact_type:
            query = query.eq("contact_type", contact_type)
        return await query.order("name").limit(50).execute()

    return (await with_pooled_connection(fetch, user_id)).data


async def caching() -> None:
    print(f"\n1. Caching (contacts are kept for {get_cache_ttl('contacts')} s)")
    await get_cache().invalidate_table(ALICE, "contacts")
    await timed("miss", get_contacts(ALICE))
    await timed("hit", get_contacts(ALICE))

    # By hand: get, and after a miss fetch and set.
    cache, params = get_cache(), {"example": MARK}
    print("  by hand, before set:", await cache.get(ALICE, "contacts", params))
    await cache.set(ALICE, "contacts", params, [{"name": "Ada"}], ttl=300)
    print("  by hand, after set: ", await cache.get(ALICE, "contacts", params))
    await cache.invalidate_table(ALICE, "contacts")
    print("  invalidated:        ", await cache.get(ALICE, "contacts", params))


# 2. The pool. One client for each caller, lent again and again; never another caller's.
async def pooling() -> None:
    print("\n2. Connection pool")
    pool = get_connection_pool()
    async with pool.get_connection(ALICE) as first:
        answer = await first.schema("api").table("projects").select("id").limit(3).execute()
    async with pool.get_connection(ALICE) as second:
        print(f"  {len(answer.data)} projects; the same client again: {second is first}")
    query = lambda client: client.schema("api").table("projects").select("id").limit(3).execute()  # noqa: E731
    await timed("with_pooled_connection", with_pooled_connection(query, ALICE))


# 3. Batches. Many rows in few calls, and one outcome for each row.
async def batches() -> None:
    print("\n3. Batches")
    contacts = [{"name": f"{MARK} {n}", "contact_type": "lead"} for n in range(25)]
    contacts[7]["contact_type"] = "enemy"  # refused by the database, and alone
    made = await batch_insert_records("contacts", contacts, ALICE)
    ours.extend(str(outcome.row["id"]) for outcome in made.outcomes if outcome.row)
    report("insert", made)
    refused = next(outcome for outcome in made.outcomes if outcome.message)
    print(f"  row {refused.index} was refused: {refused.message}")

    changes = [{"id": key, "notes": "from the example"} for key in ours]
    report("update", await batch_update_records("contacts", changes, ALICE))

    insert = BatchOperation(
        operation_type=BatchOperationType.INSERT, table="contacts", data={"name": f"{MARK} last"}
    )
    mixed = await get_batcher().execute_batch([insert], ALICE)
    ours.extend(str(outcome.row["id"]) for outcome in mixed.outcomes if outcome.row)
    report("custom batch", mixed)


async def clean_up() -> None:
    """Delete what was written, whatever happened; the read that follows is a miss."""
    if ours:
        report("delete", await batch_delete_records("contacts", ours, ALICE))
        await timed("miss, after the writes", get_contacts(ALICE))


# 4. Settings, which an operator changes in the admin while everything runs.
def configuration() -> None:
    print("\n4. Settings")
    print(f"  cache on: {optimization_settings.cache_enabled}", end=", ")
    print(f"rows in a batch at most: {optimization_settings.batch_max_size}")


async def timed(what: str, work: Awaitable[Any]) -> None:
    start = time.perf_counter()
    await work
    print(f"  {what}: {(time.perf_counter() - start) * 1000:.1f} ms")


def report(what: str, result: Any) -> None:
    counts = f"{result.succeeded} done, {result.failed} refused"
    print(f"  {what}: {counts}, {result.calls} calls, {result.seconds * 1000:.0f} ms")


async def main() -> None:
    """Show everything, in order, and leave nothing behind."""
    try:
        for step in (caching, pooling, batches):
            await step()
        configuration()
    finally:
        await clean_up()
        await runtime.close_current()


def is_running() -> bool:
    """Whether Valkey and Supabase are where `script/server` said that they would be."""
    try:
        with redis.Redis.from_url(settings.VALKEY_URL, retry=None) as valkey:
            valkey.ping()
        httpx.get(f"{settings.SUPABASE_URL}/rest/v1/", timeout=10)
    except (redis.RedisError, httpx.HTTPError, ValueError):
        return False
    return True


if __name__ == "__main__":
    django.setup()
    if not is_running():
        sys.exit("nothing is running: start script/server first")
    asyncio.run(main())
