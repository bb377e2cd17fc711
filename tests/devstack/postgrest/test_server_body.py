"""Bodies: JSON, CSV and forms, and the words in which bad ones are refused."""

import json

import pytest

from canvalo.devstack.postgrest.body import read_payload
from canvalo.devstack.postgrest.errors import Refusal
from canvalo.devstack.postgrest.request import Payload


def read(body, content_type=None, columns=None, is_call=False):
    return read_payload(body, content_type, columns, is_call=is_call)


def refused(body, *args, **options):
    with pytest.raises(Refusal) as caught:
        read(body, *args, **options)
    assert (caught.value.status, caught.value.code) == (400, "PGRST102")
    return caught.value.message


def test_an_object_is_passed_on_as_it_is():
    body = b' {"b": 1.50, "a": null} '
    assert read(body) == Payload(body, frozenset("ab"))


def test_an_array_of_like_objects_is_passed_on_as_it_is():
    body = b'[{"a": 1}, {"a": 2}]'
    assert read(body, "application/json; charset=utf-8") == Payload(body, frozenset("a"), True)


@pytest.mark.parametrize("body", [b"[]", b"7", b'"text"', b"null"])
def test_what_holds_no_objects_is_nothing(body):
    assert read(body) == Payload(b"[]", frozenset(), is_array=True, is_empty=True)


def test_an_empty_object_is_empty():
    assert read(b"{}").is_empty
    assert read(b"[{}, {}]").is_empty


@pytest.mark.parametrize("body", [b'[{"a": 1}, {"b": 2}]', b'[{"a": 1}, 2]', b"[1]", b"[[]]"])
def test_unlike_objects_are_refused(body):
    assert refused(body) == "All object keys must match"


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[1,]", b"NaN", b'{"a": Infinity}', b'{"a": "\xff"}', b"[" * 200_000, b"{'a': 1}"],
)
def test_what_is_no_json_is_refused_without_details(body):
    assert refused(body) == "Empty or invalid json"


def test_numbers_may_be_longer_than_any_machine_reads():
    body = b'{"a": ' + b"9" * 10_000 + b"}"
    assert read(body).raw == body


def test_with_named_columns_the_body_is_left_to_postgresql():
    body = b'[{"a": 1}, {"b": 2}]'
    assert read(body, None, frozenset("ab")) == Payload(body, frozenset("ab"), is_array=True)


def test_a_call_without_a_body_has_no_arguments():
    assert read(b"", is_call=True) == Payload(b"{}", frozenset(), is_empty=True)


def test_csv_becomes_objects_and_its_null_is_null():
    found = read(b'a,b\n1,"x, ""y"""\n\nNULL,\n', "text/csv")
    assert json.loads(found.raw) == [{"a": "1", "b": 'x, "y"'}, {"a": None, "b": ""}]
    assert (found.keys, found.is_array) == (frozenset("ab"), True)


def test_csv_lines_of_unlike_length_are_refused():
    assert refused(b"a,b\n1,2\n3\n", "text/csv") == "All lines must have same number of fields"


def test_csv_without_lines_is_nothing():
    assert read(b"a,b\n", "text/csv").is_empty


def test_a_form_is_one_object_of_texts():
    found = read(b"a=1&b=x+y%20z&a=2", "application/x-www-form-urlencoded")
    assert json.loads(found.raw) == {"a": "2", "b": "x y z"}
    assert not found.is_array


@pytest.mark.parametrize("kind", ["text/plain", "text/xml", "application/octet-stream"])
def test_other_bodies_go_to_functions_alone(kind):
    assert read(b"\x00raw", kind, is_call=True) == Payload(b"\x00raw", content_type=kind)
    assert refused(b"raw", kind) == f"Content-Type not acceptable: {kind}"


def test_unknown_bodies_are_refused_by_their_name():
    message = refused(b"raw", "application/pdf; q=1", is_call=True)
    assert message == "Content-Type not acceptable: application/pdf; q=1"


def test_a_calls_form_keeps_what_is_repeated():
    found = read(b"a=1&b=x&a=2", "application/x-www-form-urlencoded", is_call=True)
    assert json.loads(found.raw) == {"a": ["1", "2"], "b": "x"}
    assert found.content_type == "application/x-www-form-urlencoded"
