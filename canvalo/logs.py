"""How log lines look: plain for people, JSON for programs (`CANVALO_LOG_FORMAT`)."""

from typing import Any

PLAIN = {"format": "%(levelname)s - %(message)s"}
JSON = {
    "()": "pythonjsonlogger.json.JsonFormatter",
    "fmt": "%(asctime)s %(levelname)s %(name)s %(message)s",
    "rename_fields": {"asctime": "time", "levelname": "level", "name": "logger"},
    "datefmt": "%Y-%m-%dT%H:%M:%S%z",
}


def configuration(kind: str, level: str) -> dict[str, Any]:
    """Django's LOGGING for the format `plain` or `json`."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": JSON if kind == "json" else PLAIN},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            "httpx": {"level": "WARNING"},  # it would log a line, with the URL, for each call
        },
    }
