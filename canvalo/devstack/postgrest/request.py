"""One request as values: everything that was asked, before anybody looks at the database."""

from dataclasses import dataclass, field
from enum import StrEnum

from .query import ALL, Query, Span


class Action(StrEnum):
    """What is done to the target."""

    READ = "read"  # GET, HEAD of a relation
    INSERT = "insert"  # POST to a relation
    UPDATE = "update"  # PATCH
    UPSERT_ONE = "upsert_one"  # PUT
    DELETE = "delete"
    CALL = "call"  # GET, HEAD, POST of /rpc/…


class Media(StrEnum):
    """In which shape the rows are wanted; other types are names of database handlers."""

    JSON = "application/json"
    STRIPPED = "application/vnd.pgrst.array+json;nulls=stripped"
    OBJECT = "application/vnd.pgrst.object+json"
    OBJECT_STRIPPED = "application/vnd.pgrst.object+json;nulls=stripped"
    CSV = "text/csv"
    GEOJSON = "application/geo+json"
    TEXT = "text/plain"
    XML = "text/xml"
    BINARY = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Preferences:
    """The `Prefer` header; None where nothing was said, `invalid` in the order given."""

    resolution: str | None = None  # "merge-duplicates", "ignore-duplicates"
    representation: str | None = None  # "representation", "headers-only", "minimal"
    count: str | None = None  # "exact", "planned", "estimated"
    transaction: str | None = None  # "commit", "rollback"
    missing: str | None = None  # "default", "null"
    handling: str | None = None  # "strict", "lenient"
    timezone: str | None = None
    max_affected: int | None = None
    invalid: tuple[str, ...] = ()

    @property
    def strict(self) -> bool:
        """Whether what cannot be honoured is refused."""
        return self.handling == "strict"

    @property
    def wants_rows(self) -> bool:
        """Whether a write answers with the rows that it wrote."""
        return self.representation == "representation"


@dataclass(frozen=True, slots=True)
class Payload:
    """A body that was read: `raw` goes to PostgreSQL as one parameter and is parsed there.

    `keys` are the columns that it speaks of (of the first object, as PostgREST takes them, or of
    the form's fields); None where the body is no JSON (`text`, `xml`, bytes for a function with
    one unnamed parameter). A form is given as a JSON object of strings, CSV as a JSON array; the
    fields of a form for a function are no payload but the arguments of the query.
    """

    raw: bytes
    keys: frozenset[str] | None = None
    is_array: bool = False
    is_empty: bool = False  # no objects, or objects without keys
    content_type: str = "application/json"  # tells which parameter takes it


@dataclass(frozen=True, slots=True)
class Request:
    """A request for rows."""

    action: Action
    method: str  # GET, HEAD, POST, PATCH, PUT, DELETE
    schema: str
    name: str  # of the relation or the function
    query: Query = field(default_factory=Query)
    preferences: Preferences = field(default_factory=Preferences)
    span: Span = ALL  # of the outermost rows: `limit` and `offset` within the Range header
    payload: Payload | None = None
    media: str = Media.JSON

    @property
    def headers_only(self) -> bool:
        """Whether the rows themselves are of no interest."""
        return self.method == "HEAD"
