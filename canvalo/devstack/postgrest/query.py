"""The words of a request's URL, as values: what was asked, before anybody looks at the database."""

from dataclasses import dataclass, field

EmbedPath = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class JsonStep:
    """One arrow of a JSON path: `->key`, `->>key`, `->0`."""

    as_text: bool
    key: str
    is_index: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """A column and the JSON path into it."""

    name: str
    path: tuple[JsonStep, ...] = ()


@dataclass(frozen=True, slots=True)
class SelectField:
    """A column of the answer."""

    field: Field
    alias: str | None = None
    cast: str | None = None
    aggregate: str | None = None
    aggregate_cast: str | None = None


@dataclass(frozen=True, slots=True)
class SelectRelation:
    """An embedded relation of the answer, spread into its parent or not."""

    name: str
    alias: str | None = None
    hint: str | None = None
    join: str | None = None
    spread: bool = False
    items: "tuple[SelectItem, ...]" = ()


SelectItem = SelectField | SelectRelation


@dataclass(frozen=True, slots=True)
class Compare:
    """An operator with one value: `eq.1`, `like(any).{a,b}`, `cs.{1}`."""

    operator: str
    value: str
    quantifier: str | None = None


@dataclass(frozen=True, slots=True)
class In:
    """`in.(a,b)`."""

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Is:
    """`is.null` and its like; the value is one of five words."""

    value: str


@dataclass(frozen=True, slots=True)
class Search:
    """Full-text search: `fts(english).word`."""

    operator: str
    language: str | None
    value: str


@dataclass(frozen=True, slots=True)
class Condition:
    """A field, an operation, and whether it is negated."""

    field: Field
    operation: Compare | In | Is | Search
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Logic:
    """`and(…)` or `or(…)`, perhaps negated."""

    operator: str
    terms: "tuple[Condition | Logic, ...]"
    negated: bool = False


@dataclass(frozen=True, slots=True)
class OrderTerm:
    """A column to sort by, of this relation or of an embedded one."""

    field: Field
    direction: str | None = None
    nulls: str | None = None
    relation: str | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """A range of rows: `last` is the index of the last row, or None where it is open."""

    offset: int = 0
    last: int | None = None

    @property
    def limit(self) -> int | None:
        """How many rows at most."""
        return None if self.last is None else 1 + self.last - self.offset

    @property
    def is_empty(self) -> bool:
        """Whether no row can be in it."""
        return self.last is not None and self.last < self.offset

    def within(self, other: "Span") -> "Span":
        """The rows that are in both."""
        ends = [end for end in (self.last, other.last) if end is not None]
        return Span(max(self.offset, other.offset), min(ends) if ends else None)

    def at_most(self, rows: int | None) -> "Span":
        """The same rows, cut off after `rows` of them."""
        if rows is None:
            return self
        return self.within(Span(self.offset, self.offset + rows - 1))


ALL = Span()


@dataclass(frozen=True, slots=True)
class Query:
    """Everything that a query string says."""

    select: tuple[SelectItem, ...] = (SelectField(Field("*")),)
    filters: tuple[tuple[EmbedPath, Condition], ...] = ()
    logic: tuple[tuple[EmbedPath, Logic], ...] = ()
    order: tuple[tuple[EmbedPath, tuple[OrderTerm, ...]], ...] = ()
    ranges: tuple[tuple[EmbedPath, Span], ...] = ()
    columns: frozenset[str] | None = None
    on_conflict: tuple[str, ...] | None = None
    arguments: tuple[tuple[str, str], ...] = ()
    filter_names: frozenset[str] = field(default_factory=frozenset)
    canonical: str = ""

    @property
    def root_filters(self) -> tuple[Condition, ...]:
        """The filters on the relation itself."""
        return tuple(condition for path, condition in self.filters if not path)
