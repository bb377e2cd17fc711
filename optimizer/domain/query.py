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
# caller in the scope, the profile in the schema. Any other may be read by a policy, as
# `current_setting('request.headers')`, so it counts.
_NEUTRAL_HEADERS = frozenset(
    {
        "accept-profile", "apikey", "authorization", "baggage", "canvalo-token", "connection",
        "content-length",
        "content-profile", "content-type", "date", "host", "te", "traceparent", "tracestate",
        "transfer-encoding", "user-agent", "x-client-info", "x-request-id",
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
    relation = _relation(path)
    if relation is None:
        return None
    if method in ("GET", "HEAD"):
        schema = headers.get("accept-profile", default_schema)
        return _read(schema, relation, method, query, headers)
    return _change(headers.get("content-profile", default_schema), relation, method, headers)


def _relation(path: str) -> str | None:
    """Take the relation's name out of a path under /rest/v1/; functions keep their `rpc/`."""
    if not path.startswith(REST_ROOT):
        return None
    name = unquote(path.removeprefix(REST_ROOT).rstrip("/"))
    bare = name.removeprefix("rpc/")
    return name if _NAME.fullmatch(bare) else None


def _read(
    schema: str, relation: str, method: str, query: str, headers: Mapping[str, str]
) -> Read | None:
    if relation.startswith("rpc/"):
        return None  # what a function reads is not known here
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


def _params(pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Sort filters, which PostgREST joins by AND in any order; keep what is ordered by meaning."""
    pairs = list(pairs)
    ordered = [p for name in _ORDERED for p in pairs if p[0] == name]
    return (*ordered, *sorted(p for p in pairs if p[0] not in _ORDERED))


def _headers(headers: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    found = sorted((n, v) for n, v in headers.items() if n not in _NEUTRAL_HEADERS)
    return tuple((n, _preferences(v) if n == "prefer" else v.strip()) for n, v in found)


def _preferences(value: str) -> str:
    return ",".join(sorted(part.strip() for part in value.split(",")))


def _embeds(pair: tuple[str, str]) -> bool:
    """Whether a parameter reaches into another relation; in doubt it does.

    A dot in a parameter's name filters, orders or limits an embedded relation (`projects.id`),
    except for negated logic (`not.or`).
    """
    name, value = pair
    if name == "select":
        return "(" in value
    return "." in name and name not in ("not.and", "not.or")


def _change(schema: str, relation: str, method: str, headers: Mapping[str, str]) -> Change | None:
    if method not in _WRITES:
        return None
    if relation.startswith("rpc/"):
        return Change(schema, relation, Operation.RPC)
    merged = "resolution=" in headers.get("prefer", "")
    operation = Operation.UPSERT if method == "POST" and merged else _WRITES[method]
    return Change(schema, relation, operation)
