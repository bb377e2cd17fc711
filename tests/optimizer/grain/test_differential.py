"""After each write, what the cache would still serve is what PostgreSQL answers anew.

Set GRAIN_PAIRS for more pairs of a write and a read, GRAIN_SEED for other ones.
"""

import json
import os
from collections import Counter
from random import Random

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from optimizer.domain.facts import Operation
from optimizer.domain.grain.events import Event, of_event
from optimizer.domain.grain.reading import of_read
from optimizer.domain.grain.requests import write_of
from optimizer.domain.grain.writing import narrowed, widest
from optimizer.domain.query import Change, parse
from optimizer.domain.sql.documents import loads

from . import requests
from .asking import kept
from .worlds import CALLERS, Choices, World

PAIRS = int(os.environ.get("GRAIN_PAIRS", "20000"))
SEED = int(os.environ.get("GRAIN_SEED", "1"))
READS, WRITES = 40, 40  # of one world
ROOT = "/rest/v1/"


class Entry:
    """A read that was answered, its tags and what is kept of it."""

    def __init__(self, world, caller, url):
        self.world, self.caller, self.url = world, caller, url
        path, _, query = url.partition("?")
        read = parse("GET", ROOT + path, query, {"accept-profile": "w"})
        self.held = of_read(read, world.schema, CALLERS[caller])
        self.grain = self._grain()

    def _grain(self):
        if self.held is None:
            return "none"
        kinds = {tag.partition(":")[0] for tag in self.held.tags}
        return "row" if "k" in kinds else "value" if "v" in kinds else "any"

    def fill(self):
        """Ask and keep; False where nothing may be kept."""
        self.shown, answer = self.fresh()
        if self.held is not None and self.shown is not None:
            self.tags = kept(self.held, answer)
        return self.held is not None and self.shown is not None

    def fresh(self):
        """What PostgreSQL answers: its rows in no order, and the answer as it came."""
        answer = self.world.ask(self.caller, "GET", self.url)
        if answer.status != 200:
            return None, answer
        return _unordered(loads(answer.body)), answer


def _unordered(value):
    """Where no order is asked for, an update may move rows."""
    if isinstance(value, dict):
        return {name: _unordered(item) for name, item in value.items()}
    if isinstance(value, list):
        return sorted(map(_unordered, value), key=lambda item: json.dumps(item, default=str))
    return value


def by_request(world, random):
    """Carry out a random request: (label, what it was, widest tags, narrowed tags)."""
    caller, method, url, body, prefer = requests.write(random)
    path, _, query = url.partition("?")
    headers = {"content-profile": "w", "prefer": prefer, "content-type": "application/json"}
    change = parse(method, ROOT + path, query, headers)
    write = write_of(change, query, headers, body, CALLERS[caller])
    answer = world.ask(caller, method, url, body, prefer=prefer)
    label = change.operation.value if answer.status < 400 else "refused"
    told = (caller, method, url, body, prefer, answer)
    return label, told, widest(write, world.schema), narrowed(write, world.schema, answer)


def by_webhook(world, random):
    """Change rows past the engine, and take their webhooks."""
    table, sql = requests.past(random)
    tags = set()
    for operation, *rows in world.write_past(sql):
        new, old = (None if row is None else loads(row) for row in rows)
        event = Event(Change("w", table, Operation(operation)), new, old)
        tags |= of_event(event, world.schema)
    return "webhook", sql, tags, tags


class Proof:
    """Counts pairs, and fails on the first entry that outlived what made it wrong."""

    def __init__(self):
        self.pairs, self.kept, self.stale = Counter(), Counter(), []

    def judge(self, entry, label, told, wide, narrow):
        """Refill what the write ended; compare what it left with PostgreSQL's fresh answer."""
        self.pairs[label, entry.grain] += 1
        if entry.tags & narrow:
            assert entry.tags & wide, ("no marker stood for", told, entry.url, entry.tags)
            return entry.fill()
        self.kept[label, entry.grain] += 1
        fresh, _ = entry.fresh()
        seen = (entry.url, entry.caller, entry.shown, fresh, entry.tags, narrow)
        assert fresh == entry.shown, ("stale after", told, *seen, entry.world.choices)
        return True

    @property
    def carried_out(self):
        """Pairs whose write was not refused."""
        return sum(n for (label, _), n in self.pairs.items() if label != "refused")

    def report(self):
        """Pairs by operation and grain, and how many entries the writes left."""
        lines = [
            f"  {label:<8} {grain:<6}{self.pairs[label, grain]:>7} pairs,"
            f"{self.kept[label, grain] / self.pairs[label, grain]:>7.1%} kept, 0 stale"
            for label, grain in sorted(self.pairs)
        ]
        total, kept = self.pairs.total(), self.kept.total()
        return "\n".join(
            ["", *lines, f"  all            {total:>7} pairs,{kept / total:>7.1%} kept"]
        )


def wander(world, random, proof):
    """Fill entries, then write and judge each of them after each write."""
    entries = [Entry(world, *requests.read(random)) for _ in range(READS)]
    entries = [entry for entry in entries if entry.fill()]
    for _ in range(WRITES):
        happen = by_webhook if random.random() < 0.2 else by_request
        found = happen(world, random)
        entries = [entry for entry in entries if proof.judge(entry, *found)]


@pytest.fixture(scope="module")
def database(supabase):
    """A database of its own, in the cluster where Supabase's roles are."""
    with psycopg.connect(supabase.database, autocommit=True) as connection:
        connection.execute("drop database if exists grain_stage")
        connection.execute("create database grain_stage")
    return make_conninfo(supabase.database, dbname="grain_stage")


def prove(database, pairs, seed):
    """Worlds until there are enough pairs."""
    proof, worlds = Proof(), 0
    while proof.carried_out < pairs:
        random = Random(seed * 1_000_003 + worlds)
        world = World(database, Choices.made(random), requests.rows(random))
        wander(world, random, proof)
        world.connection.close()
        worlds += 1
    return proof


def test_nothing_that_a_write_made_wrong_is_kept(database):
    """A few worlds; the long run is below."""
    prove(database, 1200, SEED)


@pytest.mark.slow
def test_nothing_is_stale_over_many_worlds(database, capsys):
    """Every operation at every grain; the share that is kept shows that it is no empty promise."""
    proof = prove(database, PAIRS, SEED + 1)
    with capsys.disabled():
        print(proof.report())
    operations = {"insert", "upsert", "update", "delete", "rpc", "webhook", "refused"}
    assert set(proof.pairs) >= {(o, g) for o in operations for g in ("row", "value", "any")}
