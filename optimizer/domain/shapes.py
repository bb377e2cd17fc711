"""The shape of a question: what is asked without the values it is asked about. Pure.

`select=id,name&status=eq.paid&limit=50` has the shape `select=id,name&status=eq.?&limit=?`. Names
of columns and operators stay, since they are the schema's; everything else becomes `?`, so that no
value of anybody's row is kept. What is not understood is a value.
"""

import re

from optimizer.domain.query import Read

LONGEST = 300  # characters of a shape
_COLUMN = re.compile(r"[A-Za-z_][\w$]{0,62}(?:(?:->>?|\.)[A-Za-z_][\w$]{0,62})*")
_SELECT = re.compile(r"[\w$*,.:()!>-]{0,250}")
_ORDER = re.compile(r"[\w$,.>-]{0,120}")
_OPERATORS = (
    "eq", "neq", "gt", "gte", "lt", "lte", "like", "ilike", "match", "imatch", "in", "is",
    "isdistinct", "fts", "plfts", "phfts", "wfts", "cs", "cd", "ov", "sl", "sr", "nxr", "nxl",
    "adj",
)  # fmt: skip
_FILTER = re.compile(rf"((?:not\.)?(?:{'|'.join(_OPERATORS)})(?:\((?:any|all)\))?)\..*", re.DOTALL)
_LOGIC = ("and", "or", "not.and", "not.or")
_KEPT = {"select": _SELECT, "order": _ORDER, "columns": _SELECT, "on_conflict": _SELECT}


def of(read: Read) -> str:
    """The shape of a read, at most LONGEST characters."""
    parts = [_part(name, value) for name, value in read.params]
    shape = "&".join(dict.fromkeys(parts))  # repeated parts are one: `id=eq.?&id=eq.?`
    whole = f"{read.method} {shape}" if shape else read.method
    return whole if len(whole) <= LONGEST else whole[: LONGEST - 1] + "…"


def _part(name: str, value: str) -> str:
    if name in _KEPT:
        return f"{name}={value if _KEPT[name].fullmatch(value) else '?'}"
    if name in ("limit", "offset"):
        return f"{name}=?"
    if name in _LOGIC or name.rpartition(".")[2] in ("and", "or"):
        return f"{_column(name)}=(?)"
    return f"{_column(name)}={_filter(value)}"


def _column(name: str) -> str:
    return name if _COLUMN.fullmatch(name) else "?"


def _filter(value: str) -> str:
    """A filter's operator; the value goes."""
    found = _FILTER.fullmatch(value)
    return f"{found[1]}.?" if found else "?"
