"""The counters since ever: what each life of the ledger counted, kept where no restart reaches it.

A counter that was shown is stored before it is shown, and a stored one is never replaced by less:
so a counter never goes down, whatever becomes of the ledger.
"""

from collections.abc import Mapping

import redis
from django.db import transaction

from optimizer.domain.tally import Key, Tally
from optimizer.metrics import ledger
from optimizer.metrics.codec import Tallies, added_up
from optimizer.metrics.store.rows import COLUMNS, row, tally_of, upsert
from optimizer.models.metrics import Lifetime


def keep_totals(client: redis.Redis) -> ledger.Totals:
    """Store the ledger's running totals, and answer them; raises CacheUnavailable.

    What an earlier life of the ledger counted is dropped there once all of it is stored here.
    """
    totals = ledger.read_totals_blocking(client)
    store_totals(totals.by_ledger)
    for ledger_id in totals.by_ledger:
        ledger.drop_ended(client, ledger_id)
    return totals


@transaction.atomic
def store_totals(by_ledger: Mapping[str, Tallies]) -> None:
    """Write the totals of each id as absolute values."""
    rows = [
        row({"ledger": id_}, key, tallies[key])
        for id_, tallies in sorted(by_ledger.items())
        for key in sorted(tallies)
    ]
    upsert("optimizer_lifetime", ("ledger",), rows, never_less=True)


def stored_totals() -> dict[str, Tallies]:
    """What is stored, by ledger id."""
    found: dict[str, Tallies] = {}
    for ledger_id, *values in Lifetime.objects.values_list("ledger", *COLUMNS):
        key, tally = tally_of(values)
        found.setdefault(ledger_id, {})[key] = tally
    return found


def everything(stored: Mapping[str, Tallies], live: Mapping[str, Tallies]) -> Tallies:
    """The counters over all ids: of each key and id the larger of what is stored and what runs."""
    larger = {id_: _larger(stored.get(id_, {}), live.get(id_, {})) for id_ in {*stored, *live}}
    return added_up(larger.values())


def _larger(one: Mapping[Key, Tally], other: Mapping[Key, Tally]) -> Tallies:
    empty = Tally()
    return {
        key: max(one.get(key, empty), other.get(key, empty), key=lambda tally: tally.count)
        for key in {*one, *other}
    }
