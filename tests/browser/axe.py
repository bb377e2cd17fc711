"""axe-core, run inside a page as it is; fetched by npm where it is not there yet."""

import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

FOLDER = Path(__file__).resolve().parent / "js"
GRAVE = ("serious", "critical")


@cache
def _source() -> str:
    npm = shutil.which("npm")
    file = FOLDER / "node_modules/axe-core/axe.min.js"
    if not file.is_file():
        if npm is None:
            pytest.skip("no npm: install Node 20 or later with npm")
        subprocess.run([npm, "ci", "--no-audit", "--no-fund"], cwd=FOLDER, check=True)
    return file.read_text()


def grave_faults(page: Page) -> list[str]:
    """What axe finds that keeps somebody from using the page, each with where and why."""
    page.evaluate(_source())
    found: dict[str, Any] = page.evaluate("axe.run({resultTypes: ['violations']})")
    return [
        f"{fault['impact']} {fault['id']}: {node['html'][:120]}: {node['failureSummary']}"
        for fault in found["violations"]
        if fault["impact"] in GRAVE
        for node in fault["nodes"]
    ]
