"""Forgetting a person: what the engine's stores hold of one is ended and removed.

Keys are hashes and answers hold rows of many, so nothing tells which entries speak of somebody: all
go, and the cache fills again.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q, QuerySet
from redis.asyncio import Redis

from optimizer.cache.steps import INDEX, PREFIX, filters_of
from optimizer.domain.scope import digest
from optimizer.domain.tags import EVERYTHING
from optimizer.models import AlertRule, Notice, Outbox, Recipient, SettingsChange
from optimizer.models.addresses import addresses_in
from optimizer.runtime import current

ENTRIES = f"{PREFIX}:e:*"
FILTERS = filters_of("")
FORGOTTEN = ("mails", "notices", "alert rules", "changes")
_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Cached:
    """What was removed from Valkey, and whether its file on disk is being written anew."""

    entries: int
    rewritten: bool


async def forget_cached(user: str) -> Cached:
    """End every entry in every process, and remove them from Valkey; raises CacheUnavailable."""
    runtime = current()
    await runtime.refresh_settings()
    await runtime.engine.touch([EVERYTHING], by=digest(user)[:8])
    async for key in runtime.valkey.scan_iter(match=f"{FILTERS}*", count=_AT_ONCE):
        await runtime.shared.history.asked(key.decode().removeprefix(FILTERS), forget=True)
    removed = await _unlink(runtime.valkey)
    return Cached(removed, await _rewrite(runtime.valkey))


@transaction.atomic
def forget_mail(address: str) -> dict[str, int]:
    """Remove mails to an address, what is kept of it, and it from the rules that mail to it."""
    mails = Outbox.objects.filter(recipient__iexact=address)
    told = mails.count()
    mails.delete()
    notices, _ = Notice.objects.filter(recipient__iexact=address).delete()
    Recipient.objects.filter(address__iexact=address).delete()
    rules = sum(_struck_out(rule, address) for rule in AlertRule.objects.all())
    changes = sum(_strike_from_record(change, address) for change in _changes_with(address))
    return dict(zip(FORGOTTEN, (told, notices, rules, changes), strict=True))


def _struck_out(rule: AlertRule, address: str) -> bool:
    """Strike an address out of a rule; False where the rule does not name it."""
    left = _without(rule.addresses, address)
    if len(left) == len(rule.addresses):
        return False
    rule.recipients = ", ".join(left)
    rule.save(update_fields=["recipients"])
    return True


def _without(addresses: Iterable[str], address: str) -> list[str]:
    return [one for one in addresses if one.casefold() != address.casefold()]


def _changes_with(address: str) -> QuerySet[SettingsChange]:
    before, after = (Q(**{f"private_{side}__icontains": address}) for side in ("before", "after"))
    return SettingsChange.objects.filter(before | after)


def _strike_from_record(change: SettingsChange, address: str) -> bool:
    """Strike an address out of what is kept for taking a change back; False where it is not in."""
    found = False
    for side in ("private_before", "private_after"):
        kept = addresses_in(getattr(change, side))
        left = _without(kept, address)
        found |= len(left) < len(kept)
        setattr(change, side, ", ".join(left))
    change.save(update_fields=["private_before", "private_after"])
    return found


async def _unlink(valkey: Redis) -> int:
    removed, some = 0, []
    async for key in valkey.scan_iter(match=ENTRIES, count=_AT_ONCE):
        some.append(key)
        if len(some) == _AT_ONCE:
            removed += await _drop(valkey, some)
            some.clear()
    return removed + (await _drop(valkey, some) if some else 0)


async def _drop(valkey: Redis, keys: list[bytes]) -> int:
    """Remove entries with their names, or the misses that follow would be told as evictions."""
    async with valkey.pipeline(transaction=True) as both:
        both.unlink(*keys)
        both.zrem(INDEX, *keys)
        removed, _ = await both.execute()
    return int(removed)


async def _rewrite(valkey: Redis) -> bool:
    """What was dropped from memory stays in an append-only file until that is written anew."""
    if not (await valkey.info("persistence")).get("aof_enabled"):
        return False
    await valkey.bgrewriteaof()
    return True
