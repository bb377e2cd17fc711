"""Who may import whom: design rules as data, read from the imports themselves."""

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.stack import PROJECT

PACKAGES = ("optimizer", "dashboard", "canvalo")
Imports = Mapping[str, frozenset[str]]


@dataclass(frozen=True)
class Rule:
    """Modules of a room, and what they must not import; `but` is allowed all the same.

    A name stands for itself and everything below it.
    """

    room: str
    never: tuple[str, ...]
    but: tuple[str, ...] = ()
    except_in: tuple[str, ...] = ()


_DJANGO = ("django", "ninja", "celery", "django_redis")
_IO = ("httpx", "redis", "supabase", "postgrest", "jwt", "psycopg", "asyncio", "socket")
_IO += ("threading", "subprocess", "time", "pydantic", "pydantic_settings", "os")
_MIDDLE = ("optimizer.cache", "optimizer.upstream", "optimizer.batch", "optimizer.metrics")
_ABOVE_ENGINE = (
    "optimizer.runtime", "optimizer.tasks", "optimizer.api", "optimizer.admin", "optimizer.webhook",
    "optimizer.management", "optimizer.policies", "optimizer.selectors", "optimizer.models",
    "optimizer.alerts", "optimizer.apitokens", "optimizer.checks", "optimizer.apps",
    "optimizer.schemas", "optimizer.wiring",
)  # fmt: skip
_EDGE = (
    "optimizer.tasks", "optimizer.api", "optimizer.admin", "optimizer.webhook",
    "optimizer.management", "optimizer.apitokens",
)  # fmt: skip

RULES = (
    # domain is pure: the standard library less its clocks and doors, and errors.
    Rule("optimizer.domain", (*_DJANGO, *_IO)),
    Rule("optimizer.domain", ("optimizer",), but=("optimizer.domain", "optimizer.errors")),
    Rule("optimizer.errors", ("optimizer", *_DJANGO, *_IO)),
    # The middle rooms never import each other; callables are passed in.
    *(Rule(room, tuple(other for other in _MIDDLE if other != room)) for room in _MIDDLE),
    # From domain to engine nothing needs Django, and nothing looks up.
    *(
        Rule(room, (*_DJANGO, *_ABOVE_ENGINE, "optimizer.engine", "optimizer.door"))
        for room in ("optimizer.cache", "optimizer.upstream", "optimizer.batch")
    ),
    Rule(
        "optimizer.metrics",
        (*_DJANGO, *_ABOVE_ENGINE, "optimizer.engine"),
        except_in=("optimizer.metrics.store", "optimizer.metrics.export"),
    ),
    Rule("optimizer.engine", (*_DJANGO, *_ABOVE_ENGINE)),
    Rule("optimizer.door", (*_DJANGO, *_ABOVE_ENGINE)),
    Rule("optimizer.conf", (*_DJANGO, *_ABOVE_ENGINE, *_MIDDLE)),
    # The runtime composes; what calls it is not called by it.
    Rule("optimizer.runtime", _EDGE),
    Rule(
        "optimizer.wiring",
        (*_DJANGO, *(room for room in _ABOVE_ENGINE if room != "optimizer.wiring")),
    ),
    Rule("optimizer.models", (*_MIDDLE, *_EDGE, "optimizer.engine", "optimizer.runtime")),
    # The engine works in a foreign project.
    Rule("optimizer", ("canvalo", "dashboard")),
    Rule(
        "dashboard",
        ("optimizer", "canvalo"),
        but=("optimizer.selectors", "optimizer.domain"),
    ),
    # What replaces Supabase on a laptop is for its own commands and for tests.
    Rule("canvalo", ("canvalo.devstack",), except_in=("canvalo.devstack",)),
    Rule("canvalo.crm", ("dashboard",)),
)


def imports_of(root: Path, packages: Iterable[str] = PACKAGES) -> Imports:
    """What each module under these packages imports, inside functions and type checks too."""
    files = [path for name in packages for path in (root / name).rglob("*.py")]
    names = {_name(root, path): path for path in files if "migrations" not in path.parts}
    return {name: frozenset(_imported(name, path, names)) for name, path in names.items()}


def _name(root: Path, path: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imported(name: str, path: Path, known: Mapping[str, Path]) -> Iterator[str]:
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(package, node)
            for alias in node.names:
                inner = f"{base}.{alias.name}"
                yield inner if inner in known else base


def _absolute(package: str, node: ast.ImportFrom) -> str:
    """Resolve leading dots against the importing module's package."""
    if not node.level:
        return node.module or ""
    parts = package.split(".")
    base = parts[: len(parts) - node.level + 1]
    return ".".join([*base, *([node.module] if node.module else [])])


def broken(rules: Iterable[Rule], imports: Imports) -> list[str]:
    """Each import that a rule forbids, as `module imports module`."""
    return sorted(
        {
            f"{name} imports {target}"
            for rule in rules
            for name in imports
            if _within(name, (rule.room,)) and not _within(name, rule.except_in)
            for target in imports[name]
            if _within(target, rule.never) and not _within(target, rule.but)
        }
    )


def _within(name: str, rooms: Iterable[str]) -> bool:
    return any(name == room or name.startswith(f"{room}.") for room in rooms)


def cycles(imports: Imports) -> list[list[str]]:
    """Groups of modules that import each other in a circle (Tarjan's components of two or more)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(name: str) -> None:
        index[name] = low[name] = len(index)
        stack.append(name)
        for target in imports[name]:
            if target not in imports:
                continue
            if target not in index:
                visit(target)
                low[name] = min(low[name], low[target])
            elif target in stack:
                low[name] = min(low[name], index[target])
        if low[name] == index[name]:
            group = stack[stack.index(name) :]
            del stack[-len(group) :]
            if len(group) > 1 or name in imports[name]:
                found.append(sorted(group))

    for name in imports:
        if name not in index:
            visit(name)
    return found


@pytest.mark.thorough
def test_no_room_imports_what_it_must_not():
    """A broken rule is named with both modules."""
    assert broken(RULES, imports_of(PROJECT)) == []


def test_no_modules_import_each_other_in_a_circle():
    """Not by way of a function either."""
    assert cycles(imports_of(PROJECT)) == []


def test_every_rule_speaks_of_modules_that_exist():
    """One that was renamed would otherwise guard nothing."""
    names = imports_of(PROJECT)
    assert [rule.room for rule in RULES if not any(_within(n, (rule.room,)) for n in names)] == []


@pytest.fixture
def planted(tmp_path):
    """Writes a small project and reads its imports."""

    def plant(**sources: str) -> Imports:
        for name, source in sources.items():
            path = tmp_path.joinpath(*name.split("__")).with_suffix(".py")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(source)
        return imports_of(tmp_path)

    return plant


@pytest.mark.parametrize(
    ("where", "source", "target"),
    [
        ("optimizer__domain__query", "import redis", "redis"),
        ("optimizer__domain__ttl", "from optimizer.cache import memory", "optimizer.cache.memory"),
        ("optimizer__domain__query", "from ..cache import memory", "optimizer.cache.memory"),
        ("optimizer__domain__ttl", "def f():\n    import time", "time"),
        ("optimizer__cache__memory", "from optimizer.batch.run import X", "optimizer.batch.run"),
        ("optimizer__engine", "def f():\n    from django.conf import settings", "django.conf"),
        ("optimizer__engine", "from optimizer import runtime", "optimizer.runtime"),
        ("optimizer__runtime", "if True:\n    import optimizer.tasks", "optimizer.tasks"),
        ("optimizer__tasks", "from canvalo.crm import contacts", "canvalo.crm"),
        ("dashboard__views", "from optimizer.models import X", "optimizer.models"),
        ("canvalo__crm__api", "from canvalo.devstack import tokens", "canvalo.devstack"),
    ],
)  # fmt: skip
def test_a_planted_violation_is_found(planted, where, source, target):
    """At the top, inside a function, under a condition, and relative."""
    others = {"optimizer__cache__memory": "", "optimizer__runtime": ""}
    imports = planted(**{**others, where: source})
    assert broken(RULES, imports) == [f"{where.replace('__', '.')} imports {target}"]


def test_what_is_allowed_is_not_reported(planted):
    """The checker does not forbid everything."""
    imports = planted(
        optimizer__domain__query="import re\nfrom optimizer.domain.facts import X",
        optimizer__cache__tiered="import asyncio\nfrom optimizer.domain.ttl import X",
        optimizer__metrics__store="from django.db import models\nfrom optimizer.models import X",
        dashboard__views="import django\nfrom optimizer.domain.recency import X",
        canvalo__devstack__up="from canvalo.devstack import ports",
    )
    assert broken(RULES, imports) == []


def test_a_planted_circle_is_found(planted):
    """Of three modules, one step hidden in a function."""
    imports = planted(
        optimizer__a="from optimizer import b",
        optimizer__b="def f():\n    from optimizer.c import x",
        optimizer__c="import optimizer.a",
        optimizer__d="import optimizer.a",
    )
    assert cycles(imports) == [["optimizer.a", "optimizer.b", "optimizer.c"]]
