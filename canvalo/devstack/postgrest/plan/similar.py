"""The name that somebody may have meant, found as PostgREST finds it: shared n-grams propose,
the edit distance decides."""

import re
from collections import Counter
from collections.abc import Iterable
from math import sqrt

GRAM_SIZES = (3, 2)
CANDIDATES = 50
AT_LEAST = 0.33
_NOT_WORD = re.compile(r"[^a-zA-Z0-9\u00C0-\u00FF, ]+")


def closest(name: str, known: Iterable[str]) -> str | None:
    """The best match, or None where nothing is close enough; an equal name is the best one."""
    scored = similar(name, known)
    return scored[0][1] if scored else None


def similar(name: str, known: Iterable[str]) -> list[tuple[float, str]]:
    """Known names with their closeness (0 to 1), best first."""
    names = sorted(set(known))
    wanted = name.lower()
    equal = [one for one in names if one.lower() == wanted]
    if equal:
        return [(1.0, equal[0])]
    for size in GRAM_SIZES:
        if found := _by_grams(wanted, names, size):
            return found
    return []


def _by_grams(wanted: str, names: list[str], size: int) -> list[tuple[float, str]]:
    asked = _grams(wanted, size)
    angles = [(_cosine(asked, _grams(name.lower(), size)), name) for name in names]
    near = sorted((pair for pair in angles if pair[0] > 0), key=lambda pair: -pair[0])
    scored = [(_closeness(wanted, name.lower()), name) for _, name in near[:CANDIDATES]]
    return sorted((one for one in scored if one[0] >= AT_LEAST), key=lambda pair: -pair[0])


def _grams(text: str, size: int) -> Counter[str]:
    padded = f"-{_NOT_WORD.sub('', text)}-".ljust(size, "-")
    return Counter(padded[i : i + size] for i in range(len(padded) - size + 1))


def _cosine(one: Counter[str], other: Counter[str]) -> float:
    dot = sum(count * other[gram] for gram, count in one.items())
    return dot / (_length(one) * _length(other))


def _length(grams: Counter[str]) -> float:
    return sqrt(sum(count * count for count in grams.values()))


def _closeness(one: str, other: str) -> float:
    return 1 - _distance(one, other) / max(len(one), len(other))


def _distance(one: str, other: str) -> int:
    """Levenshtein's edit distance, row by row."""
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        above, row = row, [i]
        for j, b in enumerate(other, 1):
            row.append(min(above[j] + 1, row[-1] + 1, above[j - 1] + (a != b)))
    return row[-1]
