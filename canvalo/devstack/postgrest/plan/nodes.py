"""What a request asks of its relations, as a tree with every name resolved."""

from dataclasses import dataclass
from enum import StrEnum

from ..catalog.model import Name, Relationship
from ..query import ALL, Compare, In, Is, JsonStep, Search, Span

SOURCE = Name("", "pgrst_source")  # the rows that a write or a call returned


@dataclass(frozen=True, slots=True)
class Term:
    """A column as SQL needs it; an unknown one has no type and is left to PostgreSQL."""

    name: str
    path: tuple[JsonStep, ...] = ()
    type: str = ""
    base_type: str = ""
    convert: str | None = None  # the function between a domain and JSON or text
    is_row: bool = False  # no column: the row itself, to be counted further up


@dataclass(frozen=True, slots=True)
class Picked:
    """A column of the answer."""

    term: Term
    alias: str | None = None
    cast: str | None = None
    aggregate: str | None = None
    aggregate_cast: str | None = None


@dataclass(frozen=True, slots=True)
class Predicate:
    """A term, an operation, and whether it is negated."""

    term: Term
    operation: Compare | In | Is | Search
    negated: bool = False


@dataclass(frozen=True, slots=True)
class EmbedIsNull:
    """Whether an embedded relation has no row; `lateral` is the name of its join."""

    lateral: str
    negated: bool


@dataclass(frozen=True, slots=True)
class Connective:
    """Tests joined by `and` or `or`."""

    operator: str
    tests: "tuple[Test, ...]"
    negated: bool = False


Test = Predicate | EmbedIsNull | Connective


@dataclass(frozen=True, slots=True)
class Sort:
    """A term to order by: of the node itself or, with `embed`, of a to-one child."""

    term: Term
    direction: str | None = None
    nulls: str | None = None
    embed: str | None = None


@dataclass(frozen=True, slots=True)
class Export:
    """A column that a spread node gives its parent, aggregated there or not."""

    name: str
    alias: str | None = None
    aggregate: str | None = None
    aggregate_cast: str | None = None


class Spread(StrEnum):
    """How a spread relation's columns come into its parent's row."""

    ONE = "one"  # as they are
    MANY = "many"  # gathered into arrays


@dataclass(frozen=True, slots=True)
class Node:
    """One relation of the request; the root has neither relation nor parent."""

    label: str  # what the answer calls it
    table: Name  # as the catalog knows it
    source: Name  # what is selected from
    source_alias: str | None = None
    select: tuple[Picked, ...] = ()
    tests: tuple[Test, ...] = ()
    order: tuple[Sort, ...] = ()
    span: Span = ALL
    children: "tuple[Node, ...]" = ()
    relation: Relationship | None = None
    parent: Name | None = None  # how SQL calls the parent's row
    lateral: str = ""
    inner: bool = False
    spread: Spread | None = None
    exports: tuple[Export, ...] = ()

    @property
    def row(self) -> Name:
        """How SQL calls a row of this node."""
        return Name("", self.source_alias) if self.source_alias else self.source

    @property
    def to_one(self) -> bool:
        """Whether the parent has one row of it at most."""
        return self.relation is not None and self.relation.to_one

    @property
    def is_empty(self) -> bool:
        """Whether it selects nothing at any depth, so that it only filters."""
        return not self.select and all(child.is_empty for child in self.children)

    @property
    def selects_everything(self) -> bool:
        """Whether it is the plain `*`, as media handlers for a relation need it."""
        plain = len(self.select) == 1 and self.select[0].term.name == "*"
        return plain and not self.children
