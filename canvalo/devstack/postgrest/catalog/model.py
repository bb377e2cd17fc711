"""The catalog as values: relations, columns, relationships, functions."""

from dataclasses import dataclass, field
from typing import NamedTuple


class Name(NamedTuple):
    """A schema and a name in it."""

    schema: str
    name: str


@dataclass(frozen=True, slots=True)
class Column:
    """A column; `type` is what casts use, `base_type` the type behind a domain."""

    name: str
    type: str
    base_type: str
    nullable: bool
    default: str | None = None
    max_length: int | None = None
    enum: tuple[str, ...] = ()
    description: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A table, view, materialised view, foreign or partitioned table."""

    name: Name
    columns: dict[str, Column]
    key: tuple[str, ...] = ()
    is_view: bool = False
    insertable: bool = True
    updatable: bool = True
    deletable: bool = True
    description: str | None = None


@dataclass(frozen=True, slots=True)
class Junction:
    """The table in the middle of a many-to-many relationship."""

    table: Name
    source_constraint: str
    target_constraint: str
    source_columns: tuple[tuple[str, str], ...]
    target_columns: tuple[tuple[str, str], ...]


MANY_TO_ONE, ONE_TO_MANY = "many-to-one", "one-to-many"
ONE_TO_ONE, MANY_TO_MANY = "one-to-one", "many-to-many"
COMPUTED = "computed"


@dataclass(frozen=True, slots=True)
class Relationship:
    """How to get from `table` to `target`; `columns` pairs a column of each."""

    table: Name
    target: Name
    cardinality: str
    constraint: str = ""
    columns: tuple[tuple[str, str], ...] = ()
    junction: Junction | None = None
    function: Name | None = None
    single: bool = False
    table_is_view: bool = False
    target_is_view: bool = False
    is_parent: bool = False

    @property
    def to_one(self) -> bool:
        """Whether there is one row at most on the other side."""
        return self.cardinality in (MANY_TO_ONE, ONE_TO_ONE) or self.single

    @property
    def is_self(self) -> bool:
        """Whether it leads back to the same relation."""
        return self.table == self.target


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a function; unnamed ones have an empty name."""

    name: str
    type: str
    full_type: str
    required: bool = True
    variadic: bool = False


WHOLE = ("bytea", "json", "jsonb", "text", "xml")  # what a whole body can be given as


@dataclass(frozen=True, slots=True)
class Function:
    """A function that can be called through /rpc, where `is_callable`."""

    name: Name
    parameters: tuple[Parameter, ...]
    returns: Name
    returns_set: bool = False
    returns_composite: bool = False
    volatility: str = "v"
    description: str | None = None
    settings: tuple[tuple[str, str], ...] = ()

    @property
    def is_callable(self) -> bool:
        """Whether each parameter has a name, or one without takes a whole body."""
        unnamed = [one for one in self.parameters if not one.name]
        return not unnamed or (len(unnamed) == 1 and self.parameters[0].type in WHOLE)

    @property
    def is_void(self) -> bool:
        """Whether it returns nothing."""
        return self.returns.name == "void" and not self.returns_set

    @property
    def returns_scalar(self) -> bool:
        """Whether it returns one value that is no row."""
        return not self.returns_set and not self.returns_composite

    @property
    def returns_scalars(self) -> bool:
        """Whether it returns a set of values that are no rows."""
        return self.returns_set and not self.returns_composite


@dataclass(frozen=True, slots=True)
class Representation:
    """A cast function between a domain and json or text."""

    source: str
    target: str
    function: str


@dataclass(frozen=True, slots=True)
class MediaHandler:
    """An aggregate or function that produces a media type; `target` is None for any row."""

    media: str
    function: Name
    target: Name | None


@dataclass(frozen=True)
class Catalog:
    """Everything that was read from the database at one moment."""

    schemas: tuple[str, ...]
    server_version: int
    tables: dict[Name, Table]
    relationships: dict[Name, tuple[Relationship, ...]]
    functions: dict[Name, tuple[Function, ...]]
    representations: dict[tuple[str, str], str] = field(default_factory=dict)
    handlers: tuple[MediaHandler, ...] = ()
    role_settings: dict[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    role_isolation: dict[str, str] = field(default_factory=dict)
    time_zones: frozenset[str] = frozenset()
    schema_descriptions: dict[str, str] = field(default_factory=dict)

    def columns_of(self, name: Name) -> dict[str, Column]:
        """The columns of a relation, none where it is unknown."""
        table = self.tables.get(name)
        return table.columns if table else {}
