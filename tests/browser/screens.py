"""Every page as a picture, wide and on a phone, light and dark: to be looked at, not judged here.

`script/test tests/browser/screens.py` writes them into `test-results/`. It is no part of the tests.
"""

import math
import time
from pathlib import Path
from random import Random

import pytest
import redis
from django.core.management import call_command
from django.utils import timezone

from optimizer.domain.facts import CacheRead, MissReason, ReadOutcome, Tier
from optimizer.domain.recency import MINUTE
from optimizer.domain.rules import Phase
from optimizer.domain.tally import Key, Tally
from optimizer.metrics import store
from optimizer.metrics.recorder import Recorder, flush_blocking
from optimizer.models import SettingsChange
from tests.alerts.factories import AlertRuleFactory
from tests.browser.test_pages import PATHS, alice, drawn  # noqa: F401 - a fixture
from tests.browser.test_work_pages import work  # noqa: F401 - a fixture
from tests.dashboard.traffic import last_minute
from tests.dashboard.work import HOUR, batched, stood
from tests.stack import PROJECT

FOLDER = PROJECT / "test-results"
SIZES = {1440: 900, 390: 844}
TABLES = {"api.contacts": 1, "api.invoices": 0.55, "api.appointments": 0.4, "api.projects": 0.25}
QUESTIONS = [
    ("api.contacts", "GET select=id,name,email&limit=?&order=name.asc&status=eq.?", 0.08),
    ("api.invoices", "GET select=*,projects(name)&order=due.desc&paid=is.?", 0.22),
    ("api.projects", "GET id=eq.?", 0.03),
    ("api.appointments", "GET select=id,title&starts_at=gte.?&starts_at=lt.?", 0.06),
    ("api.contacts", "GET or=(?)&select=id,name", 0.4),
]
PARTS = [  # outcome, reason, share of the reads before and after the TTL was raised, usual seconds
    ("hit", "", 0.74, 0.88, 0.0004),
    ("stale", "", 0.02, 0.02, 0.0006),
    ("coalesced", "cold", 0.03, 0.02, 0.05),
    ("miss", "expired", 0.12, 0.02, 0.07),
    ("miss", "invalidated", 0.04, 0.02, 0.07),
    ("miss", "cold", 0.03, 0.02, 0.07),
    ("bypass", "bypassed", 0.02, 0.02, 0.07),
]


@pytest.fixture
def busy(transactional_db, fresh_valkey, staff) -> None:
    """Two hours of four tables, with a gap, a raised TTL that helps, and a deploy."""
    random, last = Random(4), last_minute()
    for n in range(130):
        if not 78 < n < 85:
            minute = last - (129 - n) * MINUTE
            found = _minute(n, random) | (_batch(n, random) if n % 3 == 0 else {})
            store.save(minute, "life", found, timezone.now())
    store.rollup(timezone.now())
    SettingsChange.objects.create(
        at=last - 35 * MINUTE, by=staff, subject="api.contacts", name="ttl_seconds",
        before="60", after="300",
    )  # fmt: skip
    call_command("annotate", "Shop 1.4", "--at", (last - 15 * MINUTE).isoformat(), verbosity=0)
    _ask(fresh_valkey, random)
    slow = AlertRuleFactory(name="Contacts: hit rate")
    stood(
        slow,
        (last - 9 * HOUR, Phase.FIRING),
        (last - 8 * HOUR, Phase.RECOVERING),
        (last - 7.5 * HOUR, Phase.OK),
    )
    errors = AlertRuleFactory(
        name="Errors of Supabase",
        metric="error_rate",
        direction="above",
        fire_at=5,
        recover_at=2,
        relation="",
    )
    stood(errors, (last - HOUR, Phase.PENDING), (last - 0.8 * HOUR, Phase.FIRING))


@pytest.mark.parametrize("name", PATHS)
@pytest.mark.parametrize("query", ["", "?compare=previous&unit=bytes"])
def test_screens(request, alice, name, query):  # noqa: F811
    """One page in four pictures; that of cost with prices and a reading."""
    request.getfixturevalue("work" if name == "cost" else "busy")
    FOLDER.mkdir(exist_ok=True)
    for theme in ("light", "dark"):
        alice.emulate_media(color_scheme=theme)
        for width, height in SIZES.items():
            alice.set_viewport_size({"width": width, "height": height})
            alice.goto(PATHS[name] + query)
            drawn(alice)
            file = f"{name}{'-compared' if query else ''}-{theme}-{width}.png"
            alice.screenshot(path=Path(FOLDER, file), full_page=True)


def _minute(n: int, random: Random) -> dict[Key, Tally]:
    load = 60 + 25 * math.sin(n / 13) + 14 * math.sin(n / 3.1) + 14 * random.random()
    found = {Key("lent", "", "", "reused"): _events(load, 0.0001, random)}
    for relation, weight in TABLES.items():
        reads = load * weight * random.uniform(0.85, 1.15)
        for outcome, reason, before, after, seconds in PARTS:
            share = before if n < 95 else after
            key = Key("asked", relation, "read", outcome, reason)
            found[key] = _events(reads * share, seconds, random)
        fetched = sum(found[key].count for key in found if key.reason and key.relation == relation)
        found[Key("sent", relation, "read", "ok")] = _events(fetched, 0.065, random)
        for step in ("asked", "sent"):
            found[Key(step, relation, "update", "ok")] = _events(reads * 0.06, 0.06, random)
    return {key: tally for key, tally in found.items() if tally.count}


def _batch(n: int, random: Random) -> dict[Key, Tally]:
    rows = random.randint(120, 400)
    kind = ("insert", "insert", "update", "delete")[n // 3 % 4]
    return batched(rows, random.choice([0, 0, 0, 2]), -(-rows // 100), operation=kind)


def _events(count: float, seconds: float, random: Random) -> Tally:
    tally = Tally()
    for _ in range(int(count + random.random())):
        tally.add(random.lognormvariate(math.log(seconds), 0.5), random.randint(400, 1500), 300)
    return tally


def _ask(valkey: str, random: Random) -> None:
    """Questions of today, so that there are shapes and samples."""
    recorder = Recorder("web", time.time)
    reasons = [MissReason.EXPIRED, MissReason.EXPIRED, MissReason.INVALIDATED, MissReason.COLD]
    with redis.Redis.from_url(valkey) as client:
        for n in range(2000):
            relation, shape, cost = QUESTIONS[min(int(random.expovariate(0.7)), 4)]
            hit = random.random() > 0.13
            outcome, tier, reason, seconds = (
                (ReadOutcome.HIT, Tier.L1, None, 0.0005)
                if hit
                else (ReadOutcome.MISS, Tier.UPSTREAM, random.choice(reasons), cost)
            )
            seconds *= random.uniform(0.6, 1.8)
            size = random.randint(400, 9000)
            recorder.record(CacheRead(relation, outcome, tier, reason, seconds, size, shape=shape))
            if n % 250 == 249:
                flush_blocking(recorder, client)
