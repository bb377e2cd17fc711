"""The `Prefer` headers → `Preferences`, and back into `Preference-Applied`."""

from collections.abc import Collection, Iterable

from .request import Preferences

_CHOICES = {
    "resolution": ("merge-duplicates", "ignore-duplicates"),
    "representation": ("representation", "minimal", "headers-only"),
    "count": ("exact", "planned", "estimated"),
    "transaction": ("commit", "rollback"),
    "missing": ("default", "null"),
    "handling": ("strict", "lenient"),
}
_WIRE = {"representation": "return", "transaction": "tx"}
_BY_TEXT = {
    f"{_WIRE.get(name, name)}={value}": (name, value)
    for name, values in _CHOICES.items()
    for value in values
}
# The order of PostgREST's answer; the names are those of `Preferences`.
APPLIED_ORDER = (
    "resolution",
    "missing",
    "representation",
    "count",
    "transaction",
    "handling",
    "timezone",
    "max_affected",
)


def read_preferences(
    headers: Iterable[str], time_zones: Collection[str], *, tx_override: bool
) -> Preferences:
    """Read every `Prefer` header; of two that contradict each other the first counts."""
    texts = [text.strip() for header in headers for text in header.split(",")]
    chosen: dict[str, str] = {}
    for text in texts:
        if text in _BY_TEXT:
            name, value = _BY_TEXT[text]
            chosen.setdefault(name, value)
    if not tx_override:
        chosen.pop("transaction", None)
    zone = _first(texts, "timezone=")
    return Preferences(
        **chosen,
        timezone=zone if zone in time_zones else None,
        max_affected=_integer(_first(texts, "max-affected=")),
        invalid=tuple(text for text in texts if _is_unknown(text, zone, time_zones)),
    )


def _first(texts: list[str], prefix: str) -> str | None:
    return next((text[len(prefix) :] for text in texts if text.startswith(prefix)), None)


def _integer(text: str | None) -> int | None:
    digits = (text or "").removeprefix("-")
    return int(text or "") if digits.isascii() and digits.isdecimal() else None


def _is_unknown(text: str, zone: str | None, time_zones: Collection[str]) -> bool:
    if text.startswith("timezone="):
        return zone not in time_zones
    return text not in _BY_TEXT and not text.startswith("max-affected=")


def applied(preferences: Preferences, names: Collection[str]) -> str | None:
    """The `Preference-Applied` header for those of these preferences that were given."""
    texts = []
    for name in APPLIED_ORDER:
        value = getattr(preferences, name) if name in names else None
        if value is None or (name == "max_affected" and not preferences.strict):
            continue
        texts.append(f"{_WIRE.get(name, name.replace('_', '-'))}={value}")
    return ", ".join(texts) or None
