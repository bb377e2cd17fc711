"""Which parameter belongs to which relation of the request: `a.b.order` goes to b inside a."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from .. import errors
from ..query import Condition, EmbedPath, Logic, OrderTerm, SelectItem, SelectRelation, Span

T = TypeVar("T")

Routed = tuple[tuple[EmbedPath, T], ...]


@dataclass(frozen=True, slots=True)
class Branch:
    """The parameters of one relation and of all below it."""

    filters: Routed[Condition] = ()
    order: Routed[tuple[OrderTerm, ...]] = ()
    ranges: Routed[Span] = ()
    logic: Routed[Logic] = ()

    def below(self, items: tuple[SelectItem, ...], child: SelectRelation) -> "Branch":
        """What is left for one embedded relation of `items`."""
        return Branch(
            _below(self.filters, items, child),
            _below(self.order, items, child),
            _below(self.ranges, items, child),
            _below(self.logic, items, child),
        )

    def check(self, items: tuple[SelectItem, ...]) -> None:
        """Raise `Refusal` for a parameter whose relation is not embedded."""
        for routed in (self.filters, self.order, self.ranges, self.logic):
            for path, _ in reversed(routed):
                _check_path(items, path)


def here(routed: Iterable[tuple[EmbedPath, T]]) -> list[T]:
    """The parameters of the relation itself."""
    return [value for path, value in routed if not path]


def _below(routed: Routed[T], items: tuple[SelectItem, ...], child: SelectRelation) -> Routed[T]:
    return tuple(
        (path[1:], value) for path, value in routed if path and _embedded(items, path[0]) is child
    )


def _check_path(items: tuple[SelectItem, ...], path: EmbedPath) -> None:
    for name in path:
        found = _embedded(items, name)
        if found is None:
            raise errors.not_embedded(name)
        items = found.items


def _embedded(items: tuple[SelectItem, ...], name: str) -> SelectRelation | None:
    """The first relation with that name or alias."""
    relations = (item for item in items if isinstance(item, SelectRelation))
    return next((rel for rel in relations if name in (rel.name, rel.alias)), None)
