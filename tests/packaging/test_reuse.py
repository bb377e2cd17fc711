"""The installed wheel in somebody else's programs: the code that docs/reuse.md shows, run."""

import json
import zipfile

import pytest

from canvalo.devstack.tokens import USERS
from tests.packaging.conftest import run
from tests.stack import PROJECT

pytestmark = pytest.mark.slow

PROBE = """
import asyncio, json, os
import django
django.setup()
from django.contrib.auth.models import User
from django.test import AsyncClient, Client
import contacts, optimizer, urls
from celery_app import app
from optimizer import runtime
from optimizer.management.commands import apitoken
from optimizer.models import SnapshotRun

async def engine():
    await runtime.current().refresh_settings()
    pages = [await contacts.page(os.environ["TOKEN"]) for _ in range(2)]
    names = [await contacts.names(os.environ["ALICE"]) for _ in range(2)]
    bearer = {"Authorization": "Bearer " + os.environ["STATS"]}
    stats = await AsyncClient().get("/api/optimization/stats", headers=bearer)
    await runtime.close_current()
    return {"same": pages[0] == pages[1], "names": names, "stats": json.loads(stats.content)}

found = asyncio.run(engine())
User.objects.create_superuser("admin", password="x")
browser = Client()
browser.force_login(User.objects.get())
from optimizer import models
shown = [m for m in django.apps.apps.get_app_config("optimizer").get_models()
         if m in django.contrib.admin.site._registry]
found["admin"] = {m.__name__: browser.get(f"/admin/optimizer/{m._meta.model_name}/").status_code
                  for m in shown}
app.loader.import_default_modules()
found["tasks"] = {}
for name, entry in app.conf.beat_schedule.items():
    app.tasks[entry["task"]].apply(throw=True)
found["scheduled"] = sorted(app.conf.beat_schedule)
found["stored"] = SnapshotRun.objects.count()
found["file"] = optimizer.__file__
print("FOUND" + json.dumps(found))
"""


def test_the_wheel_holds_the_whole_engine_and_nothing_else(wheel):
    """No tests, no example, no dashboard without its templates."""
    held = set(zipfile.ZipFile(wheel).namelist())
    files = {str(p.relative_to(PROJECT)) for p in (PROJECT / "optimizer").rglob("*") if p.is_file()}
    ours = {name for name in held if ".dist-info/" not in name}
    assert ours == {name for name in files if "__pycache__" not in name}
    assert any(name.endswith("/licenses/LICENSE") for name in held)


def test_a_foreign_django_project_uses_all_of_it(shop, python, pages, token_for):
    """Checks, migrations, admin, cached reads and functions, statistics and tasks."""
    assert "no issues" in shop("check", "--fail-level", "WARNING")
    shop("migrate", "--verbosity", "0")
    assert "No changes" in shop("makemigrations", "--check", "--dry-run")
    stats = next(w for w in shop("apitoken", "laptop").split() if w.startswith("cvl_"))
    (pages / "probe.py").write_text(PROBE)
    more = {"TOKEN": token_for("alice"), "ALICE": USERS["alice"], "STATS": stats}
    # `shell -c` would read the probe into one namespace; a module is what a project has.
    said = shop("shell", "-c", "import probe", **more)
    found = json.loads(said.partition("FOUND")[2].splitlines()[0])
    assert found["file"].startswith(str(python).removesuffix("/bin/python"))
    assert found["same"]
    assert found["names"][0] == found["names"][1] != []
    assert found["stats"]["connection_pool"]["cache_hits"] == 2
    assert found["stats"]["connection_pool"]["cache_misses"] == 2
    assert len(found["admin"]) > 5
    assert set(found["admin"].values()) == {200}
    assert len(found["scheduled"]) == 6


@pytest.mark.parametrize(
    ("lacks", "said", "stops"),
    [
        ("SUPABASE_URL", "optimizer.W002", False),
        ("SUPABASE_ANON_KEY", "optimizer.W002", False),
        ("VALKEY_URL", "optimizer.E001", True),
    ],
)
def test_a_setting_that_is_missing_is_named(shop, pages, lacks, said, stops):
    """By the system check, before the first request; no traceback."""
    settings = pages / "settings.py"
    settings.write_text(settings.read_text() + f"\ndel {lacks}\n")
    answer = shop("check", fails=stops)
    assert said in answer
    assert lacks in answer
    assert "Traceback" not in answer


def test_a_script_without_django_is_answered(pages, environment, python, token_for, supabase_sql):
    """A second run is answered by the first one's entry, though the rows have changed since."""
    env = {**environment, "TOKEN": token_for("alice")}
    first = run(python, "script.py", folder=pages, env=env)
    assert first.startswith("[{'name': ")
    rename = "UPDATE api.contacts SET name = {} WHERE owner_id = %s"
    supabase_sql().execute(rename.format("name || '!'"), [USERS["alice"]])
    try:
        assert run(python, "script.py", folder=pages, env=env) == first
    finally:
        supabase_sql().execute(rename.format("left(name, -1)"), [USERS["alice"]])


SERVED = """
import os
from starlette.testclient import TestClient
import service
with TestClient(service.app) as client:
    bearer = {"Authorization": "Bearer " + os.environ["TOKEN"]}
    answers = [client.get("/contacts", headers=bearer) for _ in range(2)]
assert [a.status_code for a in answers] == [200, 200]
assert answers[0].json() == answers[1].json() != []
from optimizer.domain.tally import Step
import redis
with redis.Redis.from_url(os.environ["VALKEY_URL"]) as valkey:
    print(sum(b":ledger:" in key for key in valkey.scan_iter()), "kept")
"""


def test_a_starlette_application_opens_it_with_its_lifespan(pages, environment, python, token_for):
    """Two requests are answered alike, and the counts are handed over when it stops."""
    (pages / "served.py").write_text(SERVED)
    env = {**environment, "TOKEN": token_for("alice")}
    said = run(python, "served.py", folder=pages, env=env)
    assert int(said.split()[0]) > 0
