"""What is written for people agrees with the code."""

import re
from pathlib import Path

import pytest
from pydantic import Field
from pydantic_settings import BaseSettings

from canvalo import settings_table
from canvalo.devstack import plan
from tests.stack import PROJECT

PAGES = sorted([*PROJECT.glob("*.md"), *PROJECT.glob("docs/**/*.md")])
LINK = re.compile(r"\]\(([^)#: ]+)(?:#[^)]*)?\)")
SCRIPT = re.compile(r"`(?:\./)?(script/[a-z]+)")
COMMAND = re.compile(r"manage\.py ([a-z_]+)")
CODE = re.compile(r"`((?:canvalo|optimizer|dashboard|tests|benchmarks|script|supabase)/[\w./-]*)`")
DJANGOS_OWN = {"check", "makemigrations", "migrate", "changepassword", "createsuperuser", "shell"}


def test_the_page_of_settings_is_up_to_date():
    """Run `manage.py settings_table > docs/settings.md` where this fails."""
    assert (PROJECT / "docs" / "settings.md").read_text() == settings_table.document()


def test_a_setting_without_a_description_is_refused(monkeypatch):
    """No setting is undocumented."""

    class Silent(BaseSettings):
        mystery: int = Field(1)

    monkeypatch.setattr(settings_table, "Defaults", Silent)
    with pytest.raises(ValueError, match="mystery"):
        settings_table.document()


def test_what_only_the_launcher_reads_is_documented_too():
    """Every variable that it looks up is on the page."""
    source = "".join(path.read_text() for path in Path(plan.__file__).parent.glob("*.py"))
    read = set(re.findall(r"""given(?:\.get\(|, )"([A-Z_]+)\"""", source))
    assert {"HOST", "SUPABASE_PORT"} <= read
    page = settings_table.document()
    assert {name for name in read - {"PATH"} if f"`{name}`" not in page} == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_what_a_page_names_exists(page):
    """Links, scripts, commands and files that a page names are there."""
    text = page.read_text()
    for link in LINK.findall(text):
        assert (page.parent / link).exists(), f"the link {link}"
    for name in SCRIPT.findall(text) + CODE.findall(text):
        assert (PROJECT / name).exists(), name
    ours = {path.stem for path in PROJECT.glob("*/**/management/commands/*.py")}
    assert set(COMMAND.findall(text)) <= ours | DJANGOS_OWN


def test_the_licence_is_the_one_that_the_package_names():
    """Whoever installs it can rely on what pyproject.toml says."""
    assert 'license = "Apache-2.0"' in (PROJECT / "pyproject.toml").read_text()
    assert (
        "Apache License\n                           Version 2.0"
        in (PROJECT / "LICENSE").read_text()
    )
