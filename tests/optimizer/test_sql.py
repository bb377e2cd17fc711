"""The SQL function for updates: the caller's rights, never an insert, gone when removed."""

import json
import uuid

import psycopg
import pytest
from django.core.management import CommandError, call_command

from canvalo.devstack.tokens import USERS
from optimizer import batch_update_records, runtime, sql
from tests.stack import PROJECT

ALICE, BOB = USERS["alice"], USERS["bob"]
_CALL = "select api.canvalo_update_rows('api', %s, 'id', %s, %s::json)"


@pytest.fixture
def database(supabase_sql):
    """The truth; two contacts each of Alice's and Bob's, removed afterwards."""
    connection = supabase_sql()
    add = "insert into api.contacts (owner_id, name, company) values (%s, %s, 'sql') returning id"
    connection.ids = [
        str(connection.execute(add, [owner, f"n{n}"]).fetchone()[0])
        for owner in (ALICE, BOB)
        for n in range(2)
    ]
    yield connection
    connection.execute("reset role")
    connection.execute("delete from api.contacts where company = 'sql'")


@pytest.fixture
def as_alice(database):
    """Calls the function as PostgREST would for Alice."""

    def call(columns, changes, table="contacts"):
        with database.transaction():
            claims = json.dumps({"sub": ALICE, "role": "authenticated"})
            database.execute("select set_config('request.jwt.claims', %s, true)", [claims])
            database.execute("set local role authenticated")
            return database.execute(_CALL, [table, columns, json.dumps(changes)]).fetchone()[0]

    return call


@pytest.fixture
async def engine(supabase, fresh_valkey, transactional_db):
    """The runtime of this test's loop, closed at its end."""
    yield runtime.current()
    await runtime.close_current()


def phones(database):
    """By the order in which the contacts were made."""
    query = "select id::text, phone from api.contacts where company = 'sql'"
    found = dict(database.execute(query).fetchall())
    return [found.get(key) for key in database.ids]


def test_the_migration_is_what_the_command_installs():
    """Two ways, one function."""
    (path,) = (PROJECT / "supabase" / "migrations").glob("*_canvalo_update_rows.sql")
    assert path.read_text() == sql.install("api")


def test_policies_hold_and_nothing_is_inserted(database, as_alice):
    """Alice changes her rows; Bob's and missing ones are passed over."""
    changes = [{"id": key, "phone": str(n)} for n, key in enumerate(database.ids)]
    changes.append({"id": str(uuid.uuid4()), "phone": "9"})
    changed = as_alice(["phone"], changes)
    assert sorted(row["phone"] for row in changed) == ["0", "1"]
    assert {row["owner_id"] for row in changed} == {ALICE}
    assert phones(database) == ["0", "1", None, None]


def test_a_policy_refuses_to_give_a_row_away(database, as_alice):
    """WITH CHECK holds too, and all of the call is undone."""
    mine = database.ids[:2]
    changes = [{"id": mine[0], "owner_id": ALICE}, {"id": mine[1], "owner_id": BOB}]
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
        as_alice(["owner_id"], changes)


@pytest.mark.parametrize(
    ("table", "columns", "error"),
    [
        ("contacts", ["nonsense"], psycopg.errors.UndefinedColumn),
        ("nonsense", ["phone"], psycopg.errors.UndefinedTable),
        ("contacts; drop table api.contacts", ["phone"], psycopg.errors.UndefinedTable),
        ("contacts", ["phone = '1'; --"], psycopg.errors.UndefinedColumn),
    ],
)
def test_names_are_names(database, as_alice, table, columns, error):
    """What is no table or column is refused, whatever is written in it."""
    with pytest.raises(error):
        as_alice(columns, [{"id": database.ids[0], columns[0]: "1"}], table)


def test_triggers_fire_and_values_keep_their_types(database, as_alice):
    """As for a PATCH: NULL too, and the time of the change."""
    before = database.execute(
        "update api.contacts set updated_at = now() where id = %s returning to_json(updated_at)",
        [database.ids[0]],
    ).fetchone()[0]
    (row,) = as_alice(["email", "notes"], [{"id": database.ids[0], "email": 'a"b', "notes": None}])
    assert (row["email"], row["notes"]) == ('a"b', None)
    assert row["updated_at"] > before


async def test_without_the_function_each_change_is_a_call_and_nothing_else_differs(
    engine, database, supabase, capsys
):
    """It can be removed and installed while everything runs."""
    changes = [{"id": key, "phone": str(n)} for n, key in enumerate(database.ids)]
    call_command("uninstall_sql", database_url=supabase.database)
    try:
        await _until_calls(changes, 5)  # one to learn that it is missing
        assert phones(database) == ["0", "1", None, None]
    finally:
        call_command("install_sql", database_url=supabase.database)
    await _until_calls(changes, 1)
    said = capsys.readouterr().out
    assert "api.canvalo_update_rows is removed" in said
    assert "api.canvalo_update_rows is installed" in said


async def _until_calls(changes, calls):
    """Update until the stand-in has heard of the change to its schema."""
    for _ in range(1000):
        result = await batch_update_records("contacts", changes, ALICE)
        told = [outcome.status.value for outcome in result.outcomes]
        assert told == ["done", "done", "skipped", "skipped"]
        if result.calls == calls:
            return
    raise AssertionError(f"{result.calls} calls, not {calls}")


def test_the_sql_can_be_looked_at_first(capsys):
    """And put anywhere."""
    call_command("install_sql", schema="public", print=True)
    assert "function public.canvalo_update_rows(" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"schema": "a b"}, "plain schema name"),
        ({}, "SUPABASE_DB_URL"),
        ({"database_url": "postgresql://127.0.0.1:1/none"}, "the database refused"),
    ],
)
def test_what_is_wrong_is_said(options, words, monkeypatch):
    """In a line."""
    monkeypatch.delenv("SUPABASE_DB_URL", raising=False)
    with pytest.raises(CommandError, match=words):
        call_command("uninstall_sql", **options)
