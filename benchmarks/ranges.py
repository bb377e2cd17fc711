"""Three of the original's expected ranges: cached answers, connections, bulk operations."""

from functools import partial
from typing import Any

from supabase import AsyncClient

from benchmarks.examples import ALICE, get_contacts, newest
from benchmarks.inprocess import MARK, Place, medians, must_agree, plain
from benchmarks.report import Row
from optimizer import (
    batch_delete_records,
    batch_insert_records,
    batch_update_records,
    optimization_settings,
    with_pooled_connection,
)

_MANY = 60
_NOTES = ("called", "asked for an offer", "signed")
Record = dict[str, Any]


async def rows(where: Place, rounds: int) -> list[Row]:
    """All three; the last switches the cache off."""
    async with plain(where) as client:
        return [
            await cached_answer(client, rounds),
            await bulk_operations(where, client),
            await connections(where, rounds),
        ]


async def cached_answer(client: AsyncClient, rounds: int) -> Row:
    """A hit against a call over a client that is kept open."""
    plainly = partial(newest, client, "contacts", 50)
    taken = await medians(partial(get_contacts, ALICE), plainly, rounds)
    return Row("ms for a cached answer (claim: 60-90% faster)", *taken, "<= 0.4")


async def connections(where: Place, rounds: int) -> Row:
    """A whole call over the pool against one with a client of its own, neither cached.

    The upstream's 20 ms are on both sides, so that the overhead alone is reduced by more.
    """

    async def with_new_client() -> Any:
        async with plain(where) as new:
            return await newest(new, "contacts")

    pooled = partial(with_pooled_connection, partial(newest, table="contacts"), ALICE)
    await optimization_settings.aupdate(cache_enabled=False)
    taken = await medians(pooled, with_new_client, rounds)
    await optimization_settings.aupdate(cache_enabled=None)
    return Row("ms for a call over the pool (claim: overhead -40-60%)", *taken, "<= 0.6")


async def bulk_operations(where: Place, client: AsyncClient) -> Row:
    """Sixty inserts, sixty changes of three kinds, sixty deletes."""
    before = where.ours.requests, where.theirs.requests
    must_agree(await _in_batches(), await _one_by_one(client))
    ours, theirs = where.ours.requests - before[0], where.theirs.requests - before[1]
    return Row(f"calls for {3 * _MANY} bulk writes (claim: 80-95% fewer)", ours, theirs, "<= 0.2")


async def _in_batches() -> list[Record]:
    made = await batch_insert_records("contacts", _records(), ALICE)
    ids = [outcome.row["id"] for outcome in made.outcomes if outcome.row]
    changes = [{"id": key, "notes": _note(n)} for n, key in enumerate(ids)]
    await batch_update_records("contacts", changes, ALICE)
    gone = await batch_delete_records("contacts", ids, ALICE)
    return [_told(outcome.row) for outcome in gone.outcomes]


async def _one_by_one(client: AsyncClient) -> list[Record]:
    table = client.schema("api").table("contacts")
    ids = [(await table.insert(record).execute()).data[0]["id"] for record in _records()]  # type: ignore[call-overload, index]
    for n, key in enumerate(ids):
        await table.update({"notes": _note(n)}).eq("id", key).execute()
    return [_told((await table.delete().eq("id", key).execute()).data[0]) for key in ids]


def _records() -> list[Record]:
    return [{"name": f"{MARK} {n:02}", "owner_id": ALICE} for n in range(_MANY)]


def _note(number: int) -> str:
    return _NOTES[number % len(_NOTES)]


def _told(row: Any) -> Record:
    """A deleted row without what differs by nature: key and times."""
    return {name: row[name] for name in ("name", "notes", "owner_id", "contact_type")}
