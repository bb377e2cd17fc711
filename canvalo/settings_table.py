"""The page docs/settings.md, made of what the variables say of themselves."""

from collections.abc import Iterable
from typing import Any

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from canvalo.environment import Environment
from optimizer.defaults import Defaults

_INTRODUCTION = """\
# Settings

Written by `manage.py settings_table > docs/settings.md`; a test fails when this page differs.

Every setting is an environment variable; a value that makes no sense is refused with its name.
Those of the engine are read from the environment alone, and their times are seconds. For those of
the project, `run.env` and then `secrets.env` in `CANVALO_HOME`, which `script/server` writes, are
asked where the environment says nothing. Then the default holds.

The TTL of a table, and whether it is cached at all, can also be changed while everything runs: in
the admin, under *Table settings*. What is set there wins over the environment.
"""
# What only script/server reads: the other variables are fields of a class, with their help.
LAUNCHER = (
    ("CANVALO_HOME", "`var/` in the checkout", "Folder with this machine's state: data, secrets."),
    ("HOST", "`127.0.0.1`", "Address that the web server listens on."),
    ("SUPABASE_PORT", "`54321`", "Port of the stand-in for Supabase."),
    ("VALKEY_MAXMEMORY", "`256mb`", "Memory of the embedded Valkey."),
)
Line = tuple[str, str, str]


def document() -> str:
    """The whole page, in Markdown."""
    parts = (
        ("The engine", _lines(Defaults)),
        ("The project", _lines(Environment)),
        ("Only `script/server`", LAUNCHER),
    )
    return "\n".join([_INTRODUCTION, *(_section(title, lines) for title, lines in parts)])


def variable(model: type[BaseSettings], name: str) -> str:
    """The environment variable that a field is read from."""
    return f"{model.model_config.get('env_prefix', '')}{name}".upper()


def _section(title: str, lines: Iterable[Line]) -> str:
    head = f"## {title}\n\n| variable | default | what it is |\n|---|---|---|\n"
    return head + "".join(f"| `{name}` | {value} | {text} |\n" for name, value, text in lines)


def _lines(model: type[BaseSettings]) -> list[Line]:
    return [
        (variable(model, name), _default(field), _help(name, field))
        for name, field in model.model_fields.items()
    ]


def _help(name: str, field: FieldInfo) -> str:
    """The field's description; one without is refused."""
    if not field.description:
        raise ValueError(f"the setting {name} says nothing of itself: give it a description")
    return field.description.replace("|", r"\|")


def _default(field: FieldInfo) -> str:
    value: Any = field.default
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if isinstance(value, bool):
        value = str(value).lower()
    return f"`{value}`" if value != "" else "(empty)"
