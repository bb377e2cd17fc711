# ruff: noqa: S608 - writing SQL is what this file does; values are parameters
"""A JSON body → rows with typed columns, parsed by PostgreSQL from one parameter."""

from ..catalog.model import Name
from ..errors import Refusal
from ..plan.nodes import Term
from ..request import Payload
from .fragments import Parameters, column, identifier, literal

BODY = Name("", "pgrst_body")
Defaults = tuple[tuple[str, str], ...] | None


def text_of(raw: bytes) -> str:
    """The body as text; raises `Refusal` as PostgreSQL would where it is no UTF-8."""
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        shown = " ".join(f"0x{byte:02x}" for byte in raw[error.start : error.end])
        message = f'invalid byte sequence for encoding "UTF8": {shown}'
        raise Refusal(400, "22021", message) from None


def rows(
    p: Parameters,
    payload: Payload,
    columns: tuple[Term, ...],
    defaults: Defaults = None,
    *,
    first_only: bool = False,
) -> str:
    """FROM items that end in `pgrst_body`, one row for each object of the body."""
    kind = "json" if defaults is None else "jsonb"
    source = f"(SELECT {p.add(text_of(payload.raw))}::{kind} AS json_data) pgrst_payload"
    parsed = ", ".join(_parsed(term) for term in columns)
    limit = " LIMIT 1" if first_only and columns else ""
    records = _records(payload, columns, kind, defaults is not None)
    items = [source, _with_defaults(payload, defaults)]
    items.append(f"LATERAL (SELECT {parsed} FROM {records}{limit}) {BODY.name}")
    return ", ".join(item for item in items if item)


def names(columns: tuple[Term, ...]) -> str:
    """The columns of the body's rows."""
    return ", ".join(column(BODY, term.name) for term in columns)


def _parsed(term: Term) -> str:
    name = identifier(term.name)
    return f"{term.convert}({name}) AS {name}" if term.convert else name


def _with_defaults(payload: Payload, defaults: Defaults) -> str:
    """Each object laid over the defaults of the columns, so that only what it lacks is filled."""
    if defaults is None:
        return ""
    pairs = ", ".join(f"{literal(name)}, {default}" for name, default in defaults)
    base = f"jsonb_build_object({pairs})"
    if not payload.is_array:
        return f"LATERAL (SELECT {base} || pgrst_payload.json_data AS val) pgrst_filled"
    elements = "jsonb_array_elements(pgrst_payload.json_data) elem"
    filled = f"SELECT jsonb_agg({base} || elem) AS val FROM {elements}"
    return f"LATERAL ({filled}) pgrst_filled"


def _records(payload: Payload, columns: tuple[Term, ...], kind: str, filled: bool) -> str:
    body = "pgrst_filled.val" if filled else "pgrst_payload.json_data"
    if not columns:
        return f"{kind}_array_elements({body}) _" if payload.is_array else "(values(1)) _"
    typed = ", ".join(f"{identifier(term.name)} {term.type}" for term in columns)
    read = "to_recordset" if payload.is_array else "to_record"
    return f"{kind}_{read}({body}) AS _({typed})"
