"""What is written for people agrees with the code."""

import ast
import re
from functools import cache
from importlib import import_module
from pathlib import Path
from textwrap import dedent

import pytest
from django.apps import apps
from pydantic import Field
from pydantic_settings import BaseSettings

from canvalo import settings_table
from canvalo.api import STATUSES, api
from canvalo.devstack import plan
from canvalo.environment import Environment
from optimizer.defaults import Defaults
from tests.stack import PROJECT

PAGES = sorted([*PROJECT.glob("*.md"), *PROJECT.glob("docs/**/*.md")])
each_page = pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(PROJECT)))
LINK = re.compile(r"\]\(([^)#: ]*)(?:#([^)]*))?\)")
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
FENCED = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
SCRIPT = re.compile(r"`(?:\./)?(script/[a-z]+)")
COMMAND = re.compile(r"manage\.py ([a-z_]+)")
CODE = re.compile(r"`((?:canvalo|optimizer|dashboard|tests|benchmarks|script|supabase)/[\w./-]*)`")
PATH = re.compile(r"/api/[\w/<>-]*\w>?")
VARIABLE = re.compile(
    r"\b(?:OPTIMIZATION|CANVALO|SUPABASE|VALKEY|CELERY|DJANGO|DATABASE|EMAIL)_[A-Z_]*[A-Z]\b"
)
OURS = {"canvalo", "optimizer", "dashboard"}
DJANGOS_OWN = {
    "check",
    "changepassword",
    "clearsessions",
    "createsuperuser",
    "makemigrations",
    "migrate",
    "shell",
    "showmigrations",
}
READ_BY_OTHERS = {"DJANGO_SETTINGS_MODULE", "SUPABASE_DB_URL"}  # the latter by `install_sql`


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


@each_page
def test_what_a_page_names_exists(page):
    """Scripts, commands and files that a page names are there."""
    text = page.read_text()
    for name in SCRIPT.findall(text) + CODE.findall(text):
        assert (PROJECT / name).exists(), name
    ours = {path.stem for path in PROJECT.glob("*/**/management/commands/*.py")}
    assert set(COMMAND.findall(text)) <= ours | DJANGOS_OWN


@each_page
def test_links_lead_somewhere(page):
    """To a file of the checkout, and to a heading of it where one is named."""
    for link, heading in LINK.findall(page.read_text()):
        target = page.parent / link if link else page
        assert target.exists(), f"the link {link}"
        assert not heading or heading in anchors(target), f"the heading {link}#{heading}"


@each_page
def test_variables_on_a_page_are_read_by_something(page):
    """A renamed or removed variable would be set in vain, and nobody told."""
    models = (Environment, Defaults)
    known = {settings_table.variable(m, name) for m in models for name in m.model_fields}
    known |= {name for name, _, _ in settings_table.LAUNCHER}
    assert set(VARIABLE.findall(page.read_text())) - known - READ_BY_OTHERS == set()


@each_page
def test_addresses_of_the_api_on_a_page_are_served(page):
    """As a reader would type them."""
    named = {path.replace("<table>", "contacts") for path in PATH.findall(page.read_text())}
    assert named - served() - {"/api/docs"} == set()


@cache
def served():
    """The addresses of the API; to describe it takes a while."""
    return {path.replace("{key}", "<id>") for path in api.get_openapi_schema()["paths"]}


@each_page
def test_python_on_a_page_compiles_and_what_it_imports_is_there(page):
    """A reader can paste it; names of ours that moved are noticed."""
    for code in python_of(page):
        tree = compile(code, str(page), "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT | ast.PyCF_ONLY_AST)
        imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        for node in imports:
            if str(node.module).partition(".")[0] in OURS:
                found = import_module(str(node.module))
                assert [n.name for n in node.names if not hasattr(found, n.name)] == []


def test_every_page_is_in_the_index():
    """Whoever opens docs/ finds each page; decisions are one entry."""
    index = (PROJECT / "docs" / "README.md").read_text()
    pages = {page.name for page in PROJECT.glob("docs/*.md")} - {"README.md"}
    assert pages - {link for link, _ in LINK.findall(index)} == set()


def test_every_table_of_the_engine_is_on_the_page_of_privacy():
    """It says of each what is personal in it, and how long it is kept."""
    page = (PROJECT / "docs" / "privacy.md").read_text()
    tables = {model._meta.db_table for label in OURS for model in models_of(label)}
    assert len(tables) > 8
    assert {table for table in tables if f"`{table}`" not in page} == set()


def test_every_error_of_the_engine_is_on_the_page_of_symptoms():
    """By the code that the API answers with."""
    page = (PROJECT / "docs" / "troubleshooting.md").read_text()
    assert {code for _, _, code in STATUSES if f"`{code}`" not in page} == set()


def anchors(page: Path) -> set[str]:
    """The headings of a page as GitHub names them in links."""
    text = FENCED.sub("", page.read_text())
    plain = [re.sub(r"[^\w\- ]", "", title.lower()) for title in HEADING.findall(text)]
    return {title.strip().replace(" ", "-") for title in plain}


def python_of(page: Path) -> list[str]:
    """The blocks of Python of a page, those inside lists too."""
    return [dedent(code) for kind, code in FENCED.findall(page.read_text()) if kind == "python"]


def models_of(label: str) -> list[type]:
    """The models of an application of ours."""
    return list(apps.get_app_config(label).get_models())


def test_the_licence_is_the_one_that_the_package_names():
    """Whoever installs it can rely on what pyproject.toml says."""
    assert 'license = "Apache-2.0"' in (PROJECT / "pyproject.toml").read_text()
    assert (
        "Apache License\n                           Version 2.0"
        in (PROJECT / "LICENSE").read_text()
    )
