"""supabase-js as it comes, run once by Node, against PostgreSQL's own answers."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from canvalo.devstack import tokens
from tests.battery.conftest import ROLES

FOLDER = Path(__file__).resolve().parent / "js"


@pytest.fixture(scope="module")
def answers(battery) -> dict[str, Any]:
    """What the script printed."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("no Node: install Node 20 or later with npm")
    if not (FOLDER / "node_modules").is_dir():
        subprocess.run([npm, "ci", "--omit=dev", "--no-audit", "--no-fund"], cwd=FOLDER, check=True)
    environment = {
        "PATH": os.environ["PATH"],
        "URL_": battery.url,
        "ANON_KEY": battery.anon_key,
        "SERVICE_KEY": battery.service_role_key,
        "TOKENS": json.dumps({who: tokens.user(battery.jwt_secret, who) for who in ROLES}),
    }
    done = subprocess.run(
        [node, "battery.mjs"], cwd=FOLDER, env=environment, capture_output=True, timeout=120
    )
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


def wanted(truth, who: str, case: dict[str, Any]) -> dict[str, Any]:
    """What must have come back, as far as the case says."""
    found = {key: case[key] for key in ("data", "count", "status", "code") if key in case}
    if case.get("sql"):
        rows = truth.rows(case["sql"], who)
        found["data"] = rows[0] if case.get("one") else rows
    if case.get("value"):
        found["data"] = truth.value(case["value"], who)
    return found


def test_every_answer_is_postgresql_s(answers, truth):
    """All differences at once, each under its request's name."""
    results = answers["results"]
    assert len(results) >= 100
    wrong = {}
    for name, result in results.items():
        expected = wanted(truth, result["who"], result["wanted"])
        got = {key: result["got"][key] for key in expected}
        if got != expected or ("code" not in expected and result["got"]["code"]):
            wrong[name] = (result["got"], expected)
    assert wrong == {}


def test_signing_in_and_refreshing(answers, truth):
    """A password opens a session whose token the stand-in accepts."""
    auth = answers["auth"]
    assert (auth["error"], auth["email"], auth["refreshed"]) == (None, "alice@example.com", True)
    assert auth["rows"] == truth.rows("select id from api.contacts order by id limit 3", "alice")
    assert auth["wrong"] == 400
