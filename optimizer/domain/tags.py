"""Which tags a read depends on and which a change touches; relation grain.

Tags are plain strings. `*` stands for everything, and what cannot be decided invalidates: a
function called by POST may have written anywhere, and a DELETE goes on to whatever tables refer to
the rows, which only the schema could tell.
"""

from collections.abc import Iterable

from optimizer.domain.facts import Operation
from optimizer.domain.query import Change, Read

EVERYTHING = "*"


def of_relation(name: str) -> str:
    """The tag of a whole relation, given as `schema.name`."""
    return f"r:{name}"


def of_user(user: str) -> str:
    """The tag of all answers to one user, given as the hash of the user's id."""
    return f"u:{user}"


def of_relations(names: Iterable[str], user: str = "") -> tuple[str, ...]:
    """The tags of whatever depends on these relations, for one user or for several."""
    owner = (of_user(user),) if user else ()
    return (EVERYTHING, *sorted({of_relation(name) for name in names}), *owner)


def of_read(read: Read, sources: Iterable[str] = (), user: str = "") -> tuple[str, ...]:
    """The tags of a read: everything, its relation, the declared sources behind it, its user."""
    return of_relations((read.name, *sources), user)


def of_change(change: Change) -> tuple[str, ...]:
    """The tags that a change touches."""
    if change.operation in (Operation.RPC, Operation.DELETE):
        return (EVERYTHING,)
    return (of_relation(change.name),)
