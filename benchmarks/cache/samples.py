"""The same fifty rows for every side, flat and nested, each call an object of its own."""

import json
from typing import Any

Rows = list[dict[str, Any]]
COUNT = 50


def flat(number: int = 0) -> Rows:
    """Fifty contacts, about 5.3 kB of JSON; another number makes other rows."""
    rows = (
        {
            "id": number * COUNT + n,
            "name": f"Contact {n}",
            "email": f"c{n}@example.com",
            "kind": "lead",
            "active": n % 2 == 0,
            "score": n / 4,
            "notes": None,
        }
        for n in range(COUNT)
    )
    return [dict(row) for row in rows]


def nested() -> Rows:
    """Fifty contacts with an address and labels each."""
    return [
        {**row, "address": {"city": "Ghent", "zip": str(row["id"])}, "labels": ["a", "b"]}
        for row in flat()
    ]


def as_json(rows: Rows) -> bytes:
    """As PostgREST writes them."""
    return json.dumps(rows, separators=(",", ":")).encode()


def copied(rows: Rows) -> Rows:
    """The cheapest copy of flat rows in Python."""
    return list(map(dict.copy, rows))
