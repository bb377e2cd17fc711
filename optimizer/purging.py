"""Ending by hand what is kept: of a table, of one row, of one user, or everything.

A purge is a touch, as Supabase's webhooks make it: it sets stamps, so it holds in every process,
and a fetch that is under way cannot bring back what it ended.
"""

from collections.abc import Iterable

from asgiref.sync import async_to_sync
from django.contrib.auth.models import User

from optimizer import audit, runtime
from optimizer.caching import relation_of
from optimizer.domain import tags
from optimizer.domain.facts import Operation
from optimizer.domain.grain.events import Event, of_event
from optimizer.domain.grain.schema import Schema
from optimizer.domain.query import Change
from optimizer.domain.relation import split_name
from optimizer.domain.scope import digest, hash_user
from optimizer.models import ChangeKind, Purge, PurgeReach

ENGINE = audit.ENGINE


def tags_of_row(relation: str, key: dict[str, str], schema: Schema) -> frozenset[str]:
    """What may show one row, named by its key's columns; the whole table where that is unknown."""
    change = Change(*split_name(relation, ""), Operation.UPDATE)
    return of_event(Event(change, key, key), schema)


def purge(what: Purge, by: User | None, user: str = "", key: dict[str, str] | None = None) -> None:
    """End what a purge speaks of, then store and record it; raises CacheUnavailable."""
    what.relation = relation_of(what.relation) if what.relation else ""
    what.about = digest(user)[:8] if user else digest(key)[:8] if key else ""
    what.by = by
    async_to_sync(_end)(what, user, key or {})
    what.save()
    audit.note(what.relation or ENGINE, "purge", str(what), by, ChangeKind.PURGED)


async def _end(what: Purge, user: str, key: dict[str, str]) -> None:
    """In a loop that has no engine open, one is opened for this alone."""
    fresh = not runtime.is_open()
    running = runtime.current()
    engine = running.engine
    try:
        if fresh:
            await running.refresh_settings()
        await engine.touch(sorted(_tags(what, user, key, engine.schema)), by=what.about)
    finally:
        if fresh:
            await runtime.close_current()


def _tags(what: Purge, user: str, key: dict[str, str], schema: Schema) -> Iterable[str]:
    if what.reach == PurgeReach.TABLE:
        return [tags.of_relation(what.relation)]
    if what.reach == PurgeReach.ROW:
        return tags_of_row(what.relation, key, schema)
    return [tags.of_user(hash_user(user)) if what.reach == PurgeReach.USER else tags.EVERYTHING]
