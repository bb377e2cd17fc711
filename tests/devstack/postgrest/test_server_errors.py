"""PostgreSQL's errors as answers."""

import json

import psycopg
import pytest

from canvalo.devstack.postgrest.pg_errors import status_of, to_refusal


def raised(stack, body):
    """What PostgreSQL raises for this PL/pgSQL."""
    with psycopg.connect(stack.supabase_database, autocommit=True) as connection:
        with pytest.raises(psycopg.Error) as caught:
            connection.execute(f"do $do$ begin {body} end $do$".encode())
        return to_refusal(caught.value, anonymous=True)


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("08006", 503),
        ("09000", 500),
        ("0L000", 403),
        ("0P000", 403),
        ("23503", 409),
        ("23505", 409),
        ("23502", 400),
        ("25006", 405),
        ("25001", 500),
        ("28000", 403),
        ("2D000", 500),
        ("38000", 500),
        ("39000", 500),
        ("3B000", 500),
        ("40001", 500),
        ("42P01", 404),
        ("42P17", 500),
        ("42703", 400),
        ("42883", 404),
        ("53400", 500),
        ("53300", 503),
        ("54000", 500),
        ("55000", 500),
        ("57014", 500),
        ("57P01", 503),
        ("58000", 500),
        ("F0000", 500),
        ("HV000", 500),
        ("P0001", 400),
        ("P0002", 500),
        ("XX000", 500),
        ("22P02", 400),
        ("PT402", 402),
        ("PTabc", 500),
    ],
)
def test_each_class_has_its_status(code, status):
    assert status_of(code, "", anonymous=False) == status


@pytest.mark.parametrize(
    ("code", "message", "anonymous", "status"),
    [
        ("42501", "permission denied", True, 401),
        ("42501", "permission denied", False, 403),
        ("42883", "function xmlagg(text) does not exist", False, 406),
        ("21000", "UPDATE requires a WHERE clause", False, 400),
        ("21000", "more than one row returned", False, 500),
        ("22023", 'role "nobody" does not exist', False, 401),
        ("22023", "invalid value", False, 400),
    ],
)
def test_some_depend_on_the_words_or_on_who_asks(code, message, anonymous, status):
    assert status_of(code, message, anonymous=anonymous) == status


def test_message_details_and_hint_are_passed_on(stack):
    refusal = raised(stack, "raise exception 'no' using detail = 'why', hint = 'how';")
    assert (refusal.status, refusal.code) == (400, "P0001")
    assert (refusal.message, refusal.details, refusal.hint) == ("no", "why", "how")


def test_a_status_can_be_raised(stack):
    refusal = raised(stack, "raise sqlstate 'PT402' using message = 'Payment Required';")
    assert (refusal.status, refusal.code, refusal.message) == (402, "PT402", "Payment Required")


def test_an_anonymous_denial_asks_for_a_token(stack):
    refusal = raised(stack, "raise insufficient_privilege;")
    assert refusal.status == 401
    assert dict(refusal.headers) == {"WWW-Authenticate": "Bearer"}


def test_a_whole_answer_can_be_raised(stack):
    message = json.dumps({"code": "123", "message": "ABC", "details": "DEF", "hint": "XYZ"})
    detail = json.dumps({"status": 332, "status_text": "Mine", "headers": {"X-Header": "str"}})
    refusal = raised(
        stack, f"raise sqlstate 'PGRST' using message = '{message}', detail = '{detail}';"
    )
    assert (refusal.status, refusal.reason) == (332, "Mine")
    assert refusal.headers == (("X-Header", "str"),)
    assert refusal.body() == {"code": "123", "message": "ABC", "details": "DEF", "hint": "XYZ"}


@pytest.mark.parametrize(
    ("using", "details"),
    [
        ("message = 'INVALID'", "Invalid JSON value for MESSAGE: 'INVALID'"),
        (
            """message = '{"code":"1","message":"m"}'""",
            "DETAIL is missing in the RAISE statement",
        ),
        (
            """message = '{"code":"1","message":"m"}', detail = 'INVALID'""",
            "Invalid JSON value for DETAIL: 'INVALID'",
        ),
        (
            """message = '{"code":"1","message":"m"}', detail = '{"status":200}'""",
            """Invalid JSON value for DETAIL: '{"status":200}'""",
        ),
    ],
)
def test_what_cannot_be_read_of_it_is_said(stack, using, details):
    refusal = raised(stack, f"raise sqlstate 'PGRST' using {using};")
    assert (refusal.status, refusal.code, refusal.details) == (500, "PGRST121", details)


def test_a_lost_connection_is_the_databases_fault():
    refusal = to_refusal(psycopg.OperationalError("gone"), anonymous=False)
    assert (refusal.status, refusal.code, refusal.details) == (503, "PGRST001", "gone")
