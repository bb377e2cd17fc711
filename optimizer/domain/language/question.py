"""The parameters of a request, read: what is selected, filtered and ordered, here and below."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from optimizer.domain.language.filters import Condition, Path, Tree, parse_filter
from optimizer.domain.language.scanner import Field, Scanner
from optimizer.domain.language.selects import Column, Item, parse_select

_NO_FILTERS = ("select", "columns", "on_conflict")
_LAST_WORDS = ("order", "limit", "offset")
_ALL: tuple[Item, ...] = (Column(Field("*")),)


@dataclass(frozen=True, slots=True)
class Question:
    """What a query string says; a path names embedded relations, () is the relation itself.

    All `filters` of a path hold at once. `ordered` are the columns that rows are ordered by.
    """

    select: tuple[Item, ...] = _ALL
    filters: tuple[tuple[Path, Tree], ...] = ()
    ordered: tuple[tuple[Path, str], ...] = ()
    limited: bool = False

    @property
    def where(self) -> tuple[Tree, ...]:
        """The filters on the relation itself."""
        return tuple(tree for path, tree in self.filters if not path)

    @property
    def pins(self) -> Iterator[Condition]:
        """The conditions that hold of every row that is meant: top-level, plain, not negated."""
        for tree in self.where:
            if isinstance(tree, Condition) and tree.is_plain:
                yield tree

    @property
    def paths(self) -> frozenset[Path]:
        """The relations of which something is said."""
        return frozenset(path for path, _ in (*self.filters, *self.ordered))

    def names_at(self, path: Path) -> frozenset[str]:
        """The names by which the rows of one relation are filtered and ordered."""
        compared = {c.field.name for at, tree in self.filters if at == path for c in within(tree)}
        return frozenset(compared | {name for at, name in self.ordered if at == path})


def parse_question(params: Iterable[tuple[str, str]]) -> Question:
    """Read decoded parameters. Raises QueryError where one is not understood."""
    pairs = list(params)
    selects = [parse_select(value) for name, value in pairs if name == "select"]
    orders = [(name, value) for name, value in pairs if _last(name) == "order"]
    return Question(
        select=tuple(item for items in selects for item in items) if selects else _ALL,
        filters=tuple(parse_filter(name, value) for name, value in pairs if is_filter(name)),
        ordered=tuple(found for name, value in orders for found in _ordered(name, value)),
        limited=any(_last(name) in ("limit", "offset") for name, _ in pairs),
    )


def within(tree: Tree) -> Iterator[Condition]:
    """Every condition in a tree."""
    if isinstance(tree, Condition):
        yield tree
        return
    for term in tree.terms:
        yield from within(term)


def names_of(value: str) -> tuple[str, ...]:
    """The names in a list such as `columns` or `on_conflict` has. Raises QueryError."""
    found: list[str] = []
    scanner = Scanner(value)
    while not found or scanner.take(","):
        scanner.blanks()
        found.append(scanner.name())
        scanner.blanks()
    scanner.end()
    return tuple(found)


def _last(name: str) -> str:
    return name.rpartition(".")[2]


def is_filter(name: str) -> bool:
    """Whether a parameter says which rows are meant, here or in an embedded relation."""
    return name not in _NO_FILTERS and _last(name) not in _LAST_WORDS


def _ordered(name: str, value: str) -> Iterator[tuple[Path, str]]:
    """The columns of an `order`; `rel(column)` is one of an embedded relation."""
    path, scanner = _path(name), Scanner(value)
    while True:
        field = scanner.field()
        related = (field.name,) if scanner.take("(") else ()
        yield (*path, *related), (scanner.field() if related else field).name
        scanner.until(",")
        if not scanner.take(","):
            return


def _path(name: str) -> Path:
    found: list[str] = []
    scanner = Scanner(name)
    while not found or scanner.take("."):
        found.append(scanner.name())
    scanner.end()
    return tuple(found[:-1])
