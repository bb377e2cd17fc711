"""What the stand-in is started with: PostgREST's variables, and a few of its own."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from canvalo.devstack.errors import DevstackError

from .statement import Options


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting; the names follow PostgREST's configuration file."""

    db_uri: str = field(repr=False)
    schemas: tuple[str, ...] = ("public",)
    extra_search_path: tuple[str, ...] = ("public", "extensions")
    anon_role: str | None = None
    jwt_secret: str | None = field(default=None, repr=False)
    jwks_file: Path | None = None
    jwt_audience: str | None = None
    host: str = "127.0.0.1"
    port: int = 3000
    max_rows: int | None = None
    aggregates: bool = False
    tx_override: bool = True
    pool_size: int = 10
    pool_timeout: float = 10.0  # seconds to wait for a connection
    latency: float = 0.0  # seconds that each answer is held back, to play a distant server
    supabase_routes: bool = True
    webhook_url: str | None = None
    webhook_secret: str | None = field(default=None, repr=False)

    @property
    def options(self) -> Options:
        """The part that decides what is translated."""
        return Options(max_rows=self.max_rows, aggregates=self.aggregates)


def from_environment(given: Mapping[str, str]) -> dict[str, str]:
    """The command's options that the environment sets, as text, by their Python names."""
    return {name: given[variable] for variable, name in VARIABLES.items() if given.get(variable)}


VARIABLES = {
    "PGRST_DB_URI": "db_uri",
    "PGRST_SCHEMAS": "schemas",
    "PGRST_DB_SCHEMAS": "schemas",
    "PGRST_DB_EXTRA_SEARCH_PATH": "extra_search_path",
    "PGRST_DB_ANON_ROLE": "anon_role",
    "PGRST_ANON_ROLE": "anon_role",
    "PGRST_JWT_SECRET": "jwt_secret",
    "PGRST_JWKS": "jwks",
    "PGRST_JWT_AUD": "jwt_audience",
    "PGRST_SERVER_HOST": "host",
    "PGRST_HOST": "host",
    "PGRST_SERVER_PORT": "port",
    "PGRST_PORT": "port",
    "PGRST_DB_MAX_ROWS": "max_rows",
    "PGRST_MAX_ROWS": "max_rows",
    "PGRST_DB_AGGREGATES_ENABLED": "aggregates",
    "PGRST_AGGREGATES": "aggregates",
    "PGRST_DB_TX_END": "tx_end",
    "PGRST_DB_POOL": "pool_size",
    "PGRST_LATENCY_MS": "latency_ms",
    "PGRST_WEBHOOK_URL": "webhook_url",
    "PGRST_WEBHOOK_SECRET": "webhook_secret",
}


def build(texts: Mapping[str, str]) -> Settings:
    """Settings from texts, as the command line or the environment gives them.

    Raises DevstackError, with one line for the user, where one is missing or cannot be read.
    """
    if not texts.get("db_uri"):
        raise DevstackError("no database: give --db-uri or set PGRST_DB_URI")
    latency = _number(texts, "latency_ms", 0)
    settings = Settings(
        db_uri=texts["db_uri"],
        schemas=names(texts.get("schemas", "public")),
        extra_search_path=names(texts.get("extra_search_path", "public,extensions")),
        anon_role=texts.get("anon_role"),
        jwt_secret=texts.get("jwt_secret"),
        jwks_file=Path(texts["jwks"]) if texts.get("jwks") else None,
        jwt_audience=texts.get("jwt_audience"),
        host=texts.get("host", "127.0.0.1"),
        port=_number(texts, "port", 3000) or 3000,
        max_rows=_number(texts, "max_rows", None),
        aggregates=_is_on(texts.get("aggregates")),
        tx_override=texts.get("tx_end", "commit-allow-override") == "commit-allow-override",
        pool_size=_number(texts, "pool_size", 10) or 10,
        latency=(latency or 0) / 1000,
        supabase_routes=not _is_on(texts.get("no_auth_routes")),
        webhook_url=texts.get("webhook_url"),
        webhook_secret=texts.get("webhook_secret"),
    )
    if not settings.schemas:
        raise DevstackError("no schemas: give --schemas or set PGRST_SCHEMAS")
    return settings


def names(text: str) -> tuple[str, ...]:
    """The names of a list with commas."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _is_on(text: str | None) -> bool:
    return (text or "").lower() in ("1", "true", "yes", "on")


def _number(texts: Mapping[str, str], name: str, default: int | None) -> int | None:
    text = texts.get(name)
    if text is None:
        return default
    if not text.isdecimal():
        raise DevstackError(f"{name.replace('_', '-')} is {text!r}: give a whole number")
    return int(text)
