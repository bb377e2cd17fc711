"""Every refusal, in PostgREST 14's words.

Refusal            code, message, details, hint, HTTP status
  PGRST0xx         the database could not be reached        (database.py)
  PGRST1xx         the request is not understood            (here)
  PGRST2xx         the catalog has no such thing            (lookup_errors.py)
  PGRST3xx         the token is refused                     (auth.py)
  SQLSTATE         PostgreSQL refused                       (pg_errors.py)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(eq=False)
class Refusal(Exception):  # noqa: N818 - a refusal is an answer, not a fault
    """An error answer; raised where it is found, rendered in one place."""

    status: int
    code: str
    message: str
    details: Any = None
    hint: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    reason: str | None = None

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"

    def body(self) -> dict[str, Any]:
        """The JSON object that the client gets."""
        return {
            "code": self.code,
            "details": self.details,
            "hint": self.hint,
            "message": self.message,
        }


def bad_parameter(message: str, details: str) -> Refusal:
    """The URL cannot be parsed."""
    return Refusal(400, "PGRST100", message, details)


def rpc_method(method: str) -> Refusal:
    """Functions are called by GET, HEAD and POST alone."""
    return Refusal(405, "PGRST101", f"Cannot use the {method} method on RPC")


def bad_body(message: str) -> Refusal:
    """The body cannot be read."""
    return Refusal(400, "PGRST102", message)


NEGATIVE_LIMIT = "Limit should be greater than or equal to zero."
CROSSED_RANGE = (
    "The lower boundary must be lower than or equal to the upper boundary in the Range header."
)


def bad_range(details: str) -> Refusal:
    """The range cannot be satisfied."""
    return Refusal(416, "PGRST103", "Requested range not satisfiable", details)


def out_of_bounds(offset: int, total: int) -> Refusal:
    """The offset lies behind the last row."""
    return bad_range(f"An offset of {offset} was requested, but there are only {total} rows.")


def bad_put_filters() -> Refusal:
    """PUT names exactly one row."""
    message = "Filters must include all and only primary key columns with 'eq' operators"
    return Refusal(405, "PGRST105", message)


def unknown_schema(schema: str, exposed: Sequence[str]) -> Refusal:
    """The profile header names a schema that is not exposed."""
    hint = f"Only the following schemas are exposed: {', '.join(exposed)}"
    return Refusal(406, "PGRST106", f"Invalid schema: {schema}", hint=hint)


def not_acceptable(media: Sequence[str]) -> Refusal:
    """Nothing that the client accepts can be produced."""
    message = f"None of these media types are available: {', '.join(media)}"
    return Refusal(406, "PGRST107", message)


def not_embedded(name: str) -> Refusal:
    """A parameter speaks of a relation that `select` does not embed."""
    message = f"'{name}' is not an embedded resource in this request"
    hint = f"Verify that '{name}' is included in the 'select' query parameter."
    return Refusal(400, "PGRST108", message, hint=hint)


def bad_response_headers() -> Refusal:
    """The database set response headers that are none."""
    message = (
        "response.headers guc must be a JSON array composed of objects with a single key and "
        "a string value"
    )
    return Refusal(500, "PGRST111", message)


def bad_response_status() -> Refusal:
    """The database set a response status that is none."""
    return Refusal(500, "PGRST112", "response.status guc must be a valid status code")


def put_with_limit() -> Refusal:
    """PUT takes no limit."""
    message = "limit/offset querystring parameters are not allowed for PUT"
    return Refusal(400, "PGRST114", message)


def put_key_differs() -> Refusal:
    """The row in the body is not the one in the URL."""
    message = "Payload values do not match URL in primary key column(s)"
    return Refusal(400, "PGRST115", message)


def not_single(rows: int) -> Refusal:
    """One object was asked for and there is not exactly one."""
    message = "Cannot coerce the result to a single JSON object"
    return Refusal(406, "PGRST116", message, f"The result contains {rows} rows")


def unknown_method(method: str) -> Refusal:
    """The HTTP method is none of ours."""
    return Refusal(405, "PGRST117", f"Unsupported HTTP method: {method}")


def order_not_to_one(origin: str, target: str) -> Refusal:
    """Only a to-one relation has one value to sort by."""
    return Refusal(
        400,
        "PGRST118",
        f"A related order on '{target}' is not possible",
        f"'{origin}' and '{target}' do not form a many-to-one or one-to-one relationship",
    )


def bad_embed_filter(target: str) -> Refusal:
    """An embedded relation itself is there or not; it has no value."""
    return Refusal(
        400,
        "PGRST120",
        f"Bad operator on the '{target}' embedded resource",
        "Only is null or not is null filters are allowed on embedded resources",
    )


def bad_raise(details: str, hint: str) -> Refusal:
    """The database raised SQLSTATE PGRST with something that is not JSON."""
    message = "Could not parse JSON in the \"RAISE SQLSTATE 'PGRST'\" error"
    return Refusal(500, "PGRST121", message, details, hint)


def bad_preferences(unknown: Sequence[str]) -> Refusal:
    """`handling=strict`, and a preference that is not known."""
    message = "Invalid preferences given with handling=strict"
    return Refusal(400, "PGRST122", message, f"Invalid preferences: {', '.join(unknown)}")


def no_aggregates() -> Refusal:
    """Aggregates are off, as they are by default."""
    return Refusal(400, "PGRST123", "Use of aggregate functions is not allowed")


def too_many_affected(rows: int) -> Refusal:
    """More rows would change than `max-affected` allows."""
    message = "Query result exceeds max-affected preference constraint"
    return Refusal(400, "PGRST124", message, f"The query affects {rows} rows")


def bad_path() -> Refusal:
    """The path is neither a relation nor a function."""
    return Refusal(404, "PGRST125", "Invalid path specified in request URL")


def not_implemented(details: str) -> Refusal:
    """PostgREST can do it and this stand-in cannot, or neither can."""
    return Refusal(400, "PGRST127", "Feature not implemented", details)


def max_affected_needs_set() -> Refusal:
    """`max-affected` counts the rows of a set."""
    message = (
        "Function must return SETOF or TABLE when max-affected preference is used with "
        "handling=strict"
    )
    return Refusal(400, "PGRST128", message)
