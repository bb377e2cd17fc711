"""What is asked: PostgREST requests ↔ `Read` and `Change`, in one canonical form.

Source: PostgREST's documentation, "Tables and Views" and "Preferences".
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote

from optimizer.domain.facts import Operation
from optimizer.domain.scope import Scope, digest

# Parameters whose repetition or order means something: kept as they came.
_ORDERED = ("select", "order", "limit", "offset", "columns", "on_conflict")
# Headers that cannot change the answer to a read, or whose part in it is elsewhere in the key: the
# caller in the scope. Any other may be read by a policy, as `current_setting('request.headers')`,
# so it counts. So does the profile: without one PostgREST takes its first schema, which only it
# knows, and of one schema alone it tells none in its answer.
_NEUTRAL_HEADERS = frozenset(
    {
        "apikey", "authorization", "baggage", "canvalo-token", "connection", "content-length",
        "content-profile", "content-type", "date", "host", "te", "traceparent", "tracestate",
        "transfer-encoding", "user-agent", "x-client-info", "x-request-id", "x-retry-count",
    }
)  # fmt: skip
_NAME = re.compile(r"[^/]+")
_WRITES = {
    "POST": Operation.INSERT,
    "PUT": Operation.UPSERT,
    "PATCH": Operation.UPDATE,
    "DELETE": Operation.DELETE,
}
REST_ROOT = "/rest/v1/"


@dataclass(frozen=True, slots=True)
class Read:
    """One question in canonical form; equal questions are equal values."""

    schema: str
    relation: str
    method: str  # GET or HEAD
    params: tuple[tuple[str, str], ...]
    headers: tuple[tuple[str, str], ...]
    embeds: bool  # names other relations, so its tags need the schema

    @property
    def name(self) -> str:
        """The relation as `schema.name`."""
        return f"{self.schema}.{self.relation}"

    def key(self, scope: Scope) -> str:
        """The entry's key: a hash over the question and who asks it."""
        return digest(
            self.schema, self.relation, self.method, self.params, self.headers,
            scope.kind.value, scope.digest,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Change:
    """One write: what it is and which relation it is addressed to."""

    schema: str
    relation: str
    operation: Operation

    @property
    def name(self) -> str:
        """The relation as `schema.name`; functions are `schema.rpc/name`."""
        return f"{self.schema}.{self.relation}"


def parse(
    method: str, path: str, query: str, headers: Mapping[str, str], default_schema: str = "public"
) -> Read | Change | None:
    """Put a request into canonical form; None where it is not a question about rows.

    `path` is the URL's raw path, `query` its raw query string, `headers` have lower-case names.
    """
    if not path.startswith(REST_ROOT):
        return None
    place = path.removeprefix(REST_ROOT)
    if method in ("GET", "HEAD"):
        schema = headers.get("accept-profile", default_schema)
        return _read(schema, _relation(place), method, query, headers)
    schema, place = headers.get("content-profile", default_schema), place.rstrip("/")
    return _change(schema, place, method, headers) if place else None


def _relation(place: str) -> str | None:
    """Take the relation's name out of a path below /rest/v1/; functions keep their `rpc/`."""
    name = unquote(place)
    bare = name.removeprefix("rpc/")
    return name if _NAME.fullmatch(bare) else None


def _read(
    schema: str, relation: str | None, method: str, query: str, headers: Mapping[str, str]
) -> Read | None:
    if relation is None or relation.startswith("rpc/"):
        return None  # what a function reads is not known here
    if not is_plain(query):
        return None
    pairs = parameters(query)
    return Read(
        schema, relation, method, _params(pairs), _headers(headers), any(map(_embeds, pairs))
    )


def parameters(query: str) -> list[tuple[str, str]]:
    """Take a raw query string apart as PostgREST does, for which a semicolon is an ampersand.

    Bytes that are no UTF-8 are kept apart, not folded into one replacement character.
    """
    split = query.replace(";", "&")
    return parse_qsl(split, keep_blank_values=True, errors="surrogateescape")


def is_plain(query: str) -> bool:
    """Whether each parameter has its `=`: PostgREST passes over one without, as over a filter that
    was never written, and tells `select` from `select=`."""
    return all("=" in part for part in query.replace(";", "&").split("&") if part)


def _params(pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Sort filters, which PostgREST joins by AND in any order; keep what is ordered by meaning.

    So is what is said of embedded relations: of two with one name, the order tells which is meant.
    """
    pairs = list(pairs)
    ordered = [p for name in _ORDERED for p in pairs if p[0] == name]
    below = [p for p in pairs if _reaches(p[0])]
    own = sorted(p for p in pairs if p[0] not in _ORDERED and not _reaches(p[0]))
    return (*ordered, *below, *own)


def _headers(headers: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    found = sorted((n, v) for n, v in headers.items() if n not in _NEUTRAL_HEADERS)
    return tuple((n, _preferences(v) if n == "prefer" else v.strip()) for n, v in found)


def _preferences(value: str) -> str:
    """In the order of their names: of two with one name PostgREST takes the first."""
    parts = [part.strip() for part in value.split(",")]
    return ",".join(sorted(parts, key=lambda part: part.partition("=")[0]))


def _embeds(pair: tuple[str, str]) -> bool:
    """Whether a parameter reaches into another relation; in doubt it does."""
    name, value = pair
    return "(" in value if name == "select" else _reaches(name)


def _reaches(name: str) -> bool:
    """Whether a parameter filters, orders or limits an embedded relation (`projects.id`).

    Its name has a dot then, as negated logic (`not.or`) has too.
    """
    return "." in name and name not in ("not.and", "not.or")


def _change(schema: str, place: str, method: str, headers: Mapping[str, str]) -> Change | None:
    """A write; what an odd path names nobody knows here, so it may write anything."""
    if method not in _WRITES:
        return None
    relation = _relation(place)
    if relation is None or relation.startswith("rpc/"):
        return Change(schema, relation or unquote(place), Operation.RPC)
    merged = "resolution=" in headers.get("prefer", "")
    operation = Operation.UPSERT if method == "POST" and merged else _WRITES[method]
    return Change(schema, relation, operation)
