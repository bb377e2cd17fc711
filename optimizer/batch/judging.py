"""What an answer says of the rows that were sent: stored, refused, unknown, and whether it is worth
cutting them in two."""

import json
import re
from typing import Any

from optimizer.domain.answer import Answer

# Answers that another cut of the rows cannot change: no right, no table, too many requests. Codes
# of PostgREST's own say that the request, not a row, was refused; 42703 is an unknown column.
_INCURABLE_STATUS = frozenset({401, 403, 404, 429})
_INCURABLE_CODE = re.compile(r"PGRST\d+|42703")
# The database was lost on the way: class 08, its shutdown, PostgREST's "connection lost".
_LOST_CODE = re.compile(r"08...|57P..|PGRST001")
_ROW_POLICY = "row-level security"  # in the message: the same code refuses a row or a whole table


def is_incurable(answer: Answer) -> bool:
    """Whether every other cut of the rows would be refused alike."""
    error = error_of(answer)
    if _ROW_POLICY in str(error.get("message")):
        return False
    code = _INCURABLE_CODE.fullmatch(str(error.get("code")))
    return answer.status in _INCURABLE_STATUS or code is not None


def is_unknown(answer: Answer) -> bool:
    """Whether a failure leaves open if the rows were stored: a gateway's, or a lost connection."""
    code = error_of(answer).get("code")
    decided = isinstance(code, str) and not _LOST_CODE.fullmatch(code)
    return answer.status >= 500 and not decided


def error_of(answer: Answer) -> dict[str, Any]:
    """Read PostgREST's error object; a gateway's page becomes its status."""
    try:
        error = json.loads(answer.body)
    except ValueError:
        error = None
    return error if isinstance(error, dict) else {"message": f"HTTP {answer.status}"}


def rows_of(answer: Answer) -> list[Any] | None:
    """The rows of an answer; None where it holds none."""
    return list(json.loads(answer.body)) if answer.body else None
