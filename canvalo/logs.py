"""How log lines look: plain for people, JSON for programs (`CANVALO_LOG_FORMAT`).

Whatever a line says, tokens, keys, passwords in addresses and e-mail addresses are struck out,
tracebacks included: the code does not log them, and this holds where a library does.
"""

import logging
import re
from typing import Any

from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.json import JsonFormatter

PLAIN = {"()": "canvalo.logs.PlainLines", "format": "%(levelname)s - %(message)s"}
JSON = {
    "()": "canvalo.logs.JsonLines",
    "fmt": "%(asctime)s %(levelname)s %(name)s %(request_id)s %(message)s",
    "rename_fields": {"asctime": "time", "levelname": "level", "name": "logger"},
    "datefmt": "%Y-%m-%dT%H:%M:%S%z",
    # Django's warnings bring the request along, and with it what was searched for; uvicorn colours.
    "reserved_attrs": [*RESERVED_ATTRS, "request", "color_message"],
}
# Each pattern takes a run of letters as a whole, or leaves it: one that tried from each letter on
# would need minutes for a long line, and strangers make long lines, by what they ask for.
_SECRETS = (
    (re.compile(r"eyJ[\w-]{5,}(?:\.[\w-]*){0,2}"), "[token]"),
    (re.compile(r"\b(?:cvl|sb_secret|sb_publishable)_[\w-]{8,}"), "[key]"),
    (re.compile(r"(?i)\b(bearer|basic) [\w.~+/=-]{8,}"), r"\1 [token]"),
    (re.compile(r"(://[^/\s:@]*:)[^/\s@]+@"), r"\1[password]@"),
    (re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+"), "[address]"),
)


def redact(text: str) -> str:
    """The text without what opens something or names somebody."""
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    return text


class PlainLines(logging.Formatter):
    """Lines for people."""

    def format(self, record: logging.LogRecord) -> str:
        """Format and redact."""
        return redact(super().format(record))


class JsonLines(JsonFormatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Format and redact; what is put instead needs no escaping."""
        return redact(super().format(record))


def configuration(kind: str, level: str) -> dict[str, Any]:
    """Django's LOGGING for the format `plain` or `json`."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"request": {"()": "canvalo.requestlog.AddRequestId"}},
        "formatters": {"line": JSON if kind == "json" else PLAIN},
        "handlers": {
            "console": {
                "class": "logging.StreamHandler",
                "formatter": "line",
                "filters": ["request"],
            }
        },
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            "httpx": {"level": "WARNING"},  # it would log a line, with the URL, for each call
            # One line a request is for programs; people at a terminal have the demo's own lines.
            "canvalo.requests": {"level": "INFO" if kind == "json" else "WARNING"},
        },
    }
