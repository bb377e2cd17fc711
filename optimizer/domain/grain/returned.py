"""What an answer to a write proves: that nothing changed, or which rows were written."""

import json
import zlib

from optimizer.domain.answer import Answer
from optimizer.domain.facts import Operation
from optimizer.domain.grain.requests import MOST_BYTES, Row, Write, rows_of
from optimizer.domain.language.selects import Column, aggregates, columns_of, embeds_of

_ROWS = frozenset(
    {
        "application/json", "application/vnd.pgrst.array+json", "application/vnd.pgrst.array",
        "application/vnd.pgrst.object+json", "application/vnd.pgrst.object",
    }
)  # fmt: skip
_GZIP = zlib.MAX_WBITS | 16  # so zlib is told of gzip's header and checksum


def changed_nothing(write: Write, answer: Answer) -> bool:
    """Whether PostgREST itself refused, which rolls everything back, or never began.

    A function may set any status for what it did; a proxy's refusal proves nothing.
    """
    if answer.never_began:
        return True
    refused = 400 <= answer.status < 500 and answer.status not in (408, 499)
    if not refused or write.change.operation is Operation.RPC:
        return False
    try:
        found = json.loads(_text(answer))
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and {"code", "message", "details", "hint"} <= set(found)


def shown(write: Write, answer: Answer) -> tuple[Row, ...] | None:
    """The rows that were written, each with the columns that are sure; None where not all show.

    An embedded relation may hide rows (`!inner`), an aggregate folds them.
    """
    question = write.question
    if not (write.shows and answer.status in (200, 201)) or question is None or question.limited:
        return None
    hides = any(embeds_of(question.select)) or any(path for path, _ in question.filters)
    if hides or aggregates(question.select) or not _holds_rows(answer.header("content-type")):
        return None
    rows = rows_of(_text(answer))
    return None if rows is None else _sure(rows, list(columns_of(question.select)))


def _text(answer: Answer) -> bytes:
    """The body, unpacked as far as it is looked at: an edge before PostgREST packs it."""
    if not answer.is_packed:
        return answer.body
    try:
        return zlib.decompressobj(_GZIP).decompress(answer.body, MOST_BYTES + 1)
    except zlib.error:
        return b""


def _holds_rows(content_type: str) -> bool:
    """Whether a body of this type is rows as JSON: GeoJSON and what a handler makes is not."""
    media = content_type.partition(";")[0].strip().lower()
    return media in _ROWS


def _sure(rows: tuple[Row, ...], columns: list[Column]) -> tuple[Row, ...]:
    """Without what stands under the name of a column but is something else: an alias, a cast."""
    other = {_label(column) for column in columns if not column.is_plain}
    plain = {column.field.name for column in columns if column.is_plain} - other
    names = {name for row in rows for name in row}
    sure = names - other if "*" in plain else plain
    return tuple({n: v for n, v in row.items() if n in sure} for row in rows)


def _label(column: Column) -> str:
    """The name under which the answer shows it; a JSON path is named by its last key, which may
    stand before an index, and one of indexes alone by its column."""
    keys = [step.key for step in column.field.path if not step.is_index]
    return column.alias or (keys or [column.field.name])[-1]
