"""What an answer says of the rows that were sent: stored, refused, unknown, and whether it is worth
cutting them in two."""

import json
import re
from typing import Any

from optimizer.domain.answer import Answer
from optimizer.sql import FUNCTION

# Answers that another cut of the rows cannot change: no right, no table, too many requests. Codes
# of PostgREST's own say that the request, not a row, was refused; 42703 is an unknown column.
_INCURABLE_STATUS = frozenset({401, 403, 404, 429})
_INCURABLE_CODE = re.compile(r"PGRST\d+|42703")
# The database was lost on the way: class 08, its shutdown, PostgREST's "connection lost".
_LOST_CODE = re.compile(r"08...|57P..|PGRST001")
# A function set headers or a status that are none: PostgREST looks at them after the commit.
_LATE_CODES = frozenset({"PGRST111", "PGRST112"})
# Rolled back because of what others did at the same time: deadlock, serialization.
_TRANSIENT_CODES = frozenset({"40P01", "40001"})
_NO_SUCH_FUNCTION = "PGRST202"
_NO_USE = frozenset({"42883", "42501"})  # gone since PostgREST looked, or not allowed
_NO_SUCH_CONSTRAINT = "42P10"  # ON CONFLICT names columns that no unique index has
_ROW_POLICY = "row-level security"  # in the message: the same code refuses a row or a whole table


class Unreadable(Exception):  # noqa: N818 - the batch itself catches it
    """An answer says that all went well, but holds no rows: it is not PostgREST's."""


def is_incurable(answer: Answer) -> bool:
    """Whether every other cut of the rows would be refused alike."""
    error = error_of(answer)
    if _ROW_POLICY in str(error.get("message")):
        return False
    code = str(error.get("code"))
    barred = answer.status in _INCURABLE_STATUS and not answer.is_chosen
    return barred or _INCURABLE_CODE.fullmatch(code) is not None


def is_hopeless(answer: Answer) -> bool:
    """Whether the form of this request is refused, whichever rows it carries.

    Of rows that were sent in another form before it says nothing.
    """
    return is_incurable(answer) or error_of(answer).get("code") == _NO_SUCH_CONSTRAINT


def is_unknown(answer: Answer) -> bool:
    """Whether a failure leaves open if the rows were stored: a gateway's, a lost connection, or
    what was found after the commit."""
    code = error_of(answer).get("code")
    decided = isinstance(code, str) and not _LOST_CODE.fullmatch(code)
    return answer.status >= 500 and (not decided or code in _LATE_CODES)


def is_transient(answer: Answer) -> bool:
    """Whether nothing was stored and the same rows may well be stored in a moment."""
    undone = answer.status >= 400 and error_of(answer).get("code") in _TRANSIENT_CODES
    return undone or answer.never_began


def is_away(answer: Answer) -> bool:
    """Whether an answer says nothing but that it should be asked again later."""
    code = str(error_of(answer).get("code"))
    if code in _LATE_CODES:
        return False  # it will be the same later
    busy = answer.status >= 500 and code.startswith("PGRST")
    return answer.status == 429 or busy or is_unknown(answer)


def is_missing_function(answer: Answer) -> bool:
    """Whether the database has no such function, or this caller may not use it."""
    error = error_of(answer)
    barred = error.get("code") in _NO_USE and FUNCTION in str(error.get("message"))
    return error.get("code") == _NO_SUCH_FUNCTION or barred


def error_of(answer: Answer) -> dict[str, Any]:
    """Read PostgREST's error object; a gateway's page becomes its status."""
    try:
        error = json.loads(answer.body)
    except ValueError:
        error = None
    return error if isinstance(error, dict) else {"message": f"HTTP {answer.status}"}


def rows_of(answer: Answer) -> list[Any] | None:
    """The rows of an answer; None where it holds none. Raises Unreadable for anything else."""
    try:
        rows = json.loads(answer.body) if answer.body else None
    except ValueError as error:
        raise Unreadable from error
    if rows is not None and not (isinstance(rows, list) and all(isinstance(r, dict) for r in rows)):
        raise Unreadable
    return rows
