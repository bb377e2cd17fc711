"""Tags as texts; who holds and touches which is in `grain`.

`*` stands for everything. Values are hashed: a tag shows nothing of a row.
"""

from collections.abc import Iterable

from optimizer.domain.scope import digest

EVERYTHING = "*"


def of_relation(name: str) -> str:
    """The tag of a whole relation (`schema.name`), which each of its reads holds: `all`."""
    return f"r:{name}"


def of_user(user: str) -> str:
    """The tag of all answers to one user, given as the hash of the user's id."""
    return f"u:{user}"


def relation_of(tag: str) -> str:
    """The relation whose whole tag this is, or nothing."""
    return tag.removeprefix("r:") if tag.startswith("r:") else ""


def of_any(name: str) -> str:
    """The tag that each write of a relation touches, held where any row may be shown."""
    return f"a:{name}"


def of_row(name: str, key: tuple[str, ...]) -> str:
    """The tag of one row, named by the values of its primary key in canonical form."""
    return f"k:{name}:{_hashed(*key)}"


def of_value(name: str, column: str, value: str) -> str:
    """The tag of the rows that have a value, in canonical form, in a column."""
    return f"v:{name}:{column}:{_hashed(value)}"


def of_column(name: str, column: str) -> str:
    """The wide tag of a column: held beside a value of it, touched where none is proven."""
    return f"w:{name}:{column}"


def of_filter(name: str, filters: str) -> str:
    """The tag of what is read by these filters: held instead of `any`, where writers know them."""
    return f"f:{name}:{_hashed(filters)}"


def of_filters(name: str) -> str:
    """The wide tag of filters: held beside each of them, touched where rows are not all seen."""
    return f"q:{name}"


def of_relations(names: Iterable[str], user: str = "") -> tuple[str, ...]:
    """The tags of whatever depends on any row of these relations, for one user or for several."""
    unique, owner = set(names), (of_user(user),) if user else ()
    return (EVERYTHING, *sorted([*map(of_relation, unique), *map(of_any, unique)]), *owner)


def _hashed(*values: str) -> str:
    return digest(*values)[:32]
