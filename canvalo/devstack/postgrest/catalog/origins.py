"""Which column of which table stands behind each column of a view.

PostgreSQL keeps a view as a tree printed in parentheses and braces; each entry of its target list
names the table and column that it came from, where it is a plain reference.
"""

import re
from collections.abc import Iterator

Origin = tuple[int, int]  # table oid, column number
_TOKEN = re.compile(r"\\.|[{}()]|:[A-Za-z_]+ |[^\\{}():]+|:", re.DOTALL)


def column_origins(definition: str) -> dict[int, Origin]:
    """Map the number of each plain column of the view to the column it shows."""
    found: dict[int, Origin] = {}
    for entry in _target_entries(definition):
        number, table, column = (entry.get(k, 0) for k in ("resno", "resorigtbl", "resorigcol"))
        if table and column and not entry.get("resjunk"):
            found[number] = (table, column)
    return found


def _target_entries(definition: str) -> Iterator[dict[str, int]]:
    """Walk the outermost target list; `depth` counts braces, so nested queries are passed by."""
    depth, in_list, entry = 0, False, dict[str, int]()
    name = ""
    for word in _TOKEN.findall(definition):
        if word == "{":
            depth += 1
            entry = {} if depth == 2 else entry
        elif word == "}":
            if depth == 2 and in_list and entry:
                yield entry
            depth -= 1
        elif word.startswith(":") and len(word) > 1:
            name = word[1:].strip()
            if depth == 1:
                in_list = name == "targetList"
        elif in_list and depth == 2 and name:
            entry[name] = _number(word)
            name = ""


def _number(token: str) -> int:
    word = token.strip()
    return int(word) if word.isdigit() else int(word == "true")


def resolve(
    views: dict[int, dict[int, Origin]],
) -> dict[int, dict[int, Origin]]:
    """Follow views upon views down to the tables."""
    return {
        view: {number: _base(origin, views) for number, origin in columns.items()}
        for view, columns in views.items()
    }


def _base(origin: Origin, views: dict[int, dict[int, Origin]]) -> Origin:
    seen = set()
    while origin[0] in views and origin not in seen:
        seen.add(origin)
        origin = views[origin[0]].get(origin[1], origin)
    return origin
