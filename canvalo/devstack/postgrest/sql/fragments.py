"""The smallest pieces of SQL: quoted names, numbered parameters, literals of the catalog's own."""

from collections.abc import Iterable

from ..catalog.model import Name


class Parameters:
    """Collects the values of one statement; texts go out untyped, so that PostgreSQL infers."""

    def __init__(self) -> None:
        self.values: list[str | bytes] = []

    def add(self, value: str | bytes) -> str:
        """Remember the value and return its placeholder."""
        self.values.append(value)
        return f"${len(self.values)}"


def identifier(name: str) -> str:
    """The name in double quotes; like PostgREST's it ends at a NUL, which no name can hold."""
    return '"' + name.partition("\0")[0].replace('"', '""') + '"'


def identifiers(names: Iterable[str]) -> str:
    """Quoted names with commas between them."""
    return ", ".join(identifier(name) for name in names)


def qualified(name: Name) -> str:
    """The name with its schema, if it has one."""
    prefix = f"{identifier(name.schema)}." if name.schema else ""
    return prefix + identifier(name.name)


def column(row: Name, name: str) -> str:
    """A column of a row, or all of them."""
    return f"{qualified(row)}.{'*' if name == '*' else identifier(name)}"


def literal(text: str) -> str:
    """A string constant; only for what the catalog says, never for a request's values."""
    quoted = "'" + text.replace("'", "''") + "'"
    return "E" + quoted.replace("\\", "\\\\") if "\\" in text else quoted


def array_literal(values: Iterable[str]) -> str:
    """The text of an array, whose elements take the type that PostgreSQL infers."""
    texts = (value.partition("\0")[0] for value in values)
    escaped = (text.replace("\\", "\\\\").replace('"', '\\"') for text in texts)
    return "{" + ",".join(f'"{text}"' for text in escaped) + "}"


def setting(name: str) -> str:
    """A run-time setting; an empty one is as good as none."""
    return f"nullif(current_setting('{name}', true), '')"
