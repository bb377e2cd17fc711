"""Brings the embedded database to the state of the `supabase/` folder, as Supabase's CLI would."""

import hashlib
from pathlib import Path
from typing import Any

import psycopg

HERE = Path(__file__).resolve().parent
BASE = HERE / "base.sql"
WEBHOOKS = HERE / "supabase" / "webhooks.sql"
LOCK = 4_711_054_321  # any constant will do: two starts at once must not interleave

# The tables and columns are those of the Supabase CLI, so that it can take over the database.
HISTORY = """
create schema if not exists supabase_migrations;
create table if not exists supabase_migrations.schema_migrations (
  version text primary key, statements text[], name text
);
create table if not exists supabase_migrations.seed_files (
  path text primary key, hash text not null
);
create table if not exists supabase_migrations.canvalo_base (hash text primary key);
"""

Connection = psycopg.Connection[tuple[Any, ...]]


def apply(database_uri: str, folder: Path) -> list[str]:
    """Apply what is new in `folder` and return the names of the files that were applied."""
    with psycopg.connect(database_uri, autocommit=True) as connection:
        connection.execute("select pg_advisory_lock(%s)", [LOCK])
        connection.execute(HISTORY.encode())
        applied = _apply_base(connection)
        applied += [name for path in migrations(folder) if (name := _migrate(connection, path))]
        applied += _seed(connection, folder / "seed.sql")
        if applied:
            connection.execute(WEBHOOKS.read_bytes())
        return applied


def migrations(folder: Path) -> list[Path]:
    """The migration files in the order in which the Supabase CLI applies them."""
    return sorted((folder / "migrations").glob("[0-9]*_*.sql"))


def _apply_base(connection: Connection) -> list[str]:
    text = BASE.read_bytes()
    digest = hashlib.sha256(text + WEBHOOKS.read_bytes()).hexdigest()
    known = "select from supabase_migrations.canvalo_base where hash = %s"
    if connection.execute(known, [digest]).fetchone() is not None:
        return []
    with connection.transaction():
        connection.execute(text)
        connection.execute("insert into supabase_migrations.canvalo_base values (%s)", [digest])
    return [BASE.name]


def _migrate(connection: Connection, path: Path) -> str | None:
    version, _, name = path.stem.partition("_")
    known = "select from supabase_migrations.schema_migrations where version = %s"
    if connection.execute(known, [version]).fetchone() is not None:
        return None
    text = path.read_text("utf-8")
    with connection.transaction():
        connection.execute(text.encode())
        connection.execute(
            "insert into supabase_migrations.schema_migrations values (%s, %s, %s)",
            [version, [text], name],
        )
    return path.name


def _seed(connection: Connection, path: Path) -> list[str]:
    known = "select from supabase_migrations.seed_files where path = %s"
    stored_as = f"supabase/{path.name}"
    if not path.exists() or connection.execute(known, [stored_as]).fetchone() is not None:
        return []
    text = path.read_bytes()
    with connection.transaction():
        connection.execute(text)
        connection.execute(
            "insert into supabase_migrations.seed_files values (%s, %s)",
            [stored_as, hashlib.sha256(text).hexdigest()],
        )
    return [path.name]
