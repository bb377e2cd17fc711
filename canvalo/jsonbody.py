"""Bodies as JSON and nothing near it: UTF-8, finite numbers, not too deep."""

import json
from typing import Any, NoReturn

from django.http import HttpRequest
from ninja.parser import Parser

MOST_DEEP = 64  # levels; what writes the value out again recurses


class StrictJson(Parser):
    """Refuses what Python's reader lets pass; ninja answers 400 to every ValueError."""

    def parse_body(self, request: HttpRequest) -> Any:
        """The body's value; raises ValueError."""
        value = json.loads(request.body.decode(), parse_constant=_refuse)
        if not shallow(value):
            raise ValueError(f"nested deeper than {MOST_DEEP} levels")
        return value


def shallow(value: Any, most: int = MOST_DEEP) -> bool:
    """Whether lists and objects are nested `most` levels at most."""
    level = [value]
    for _ in range(most + 1):
        level = [inner for outer in level for inner in _within(outer)]
        if not level:
            return True
    return False


def _within(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")
