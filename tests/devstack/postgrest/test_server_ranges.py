"""Ranges: of the header and of the query, and what the answer says of them."""

import pytest

from canvalo.devstack.postgrest.errors import CROSSED_RANGE, NEGATIVE_LIMIT, Refusal
from canvalo.devstack.postgrest.query import ALL, Span
from canvalo.devstack.postgrest.ranges import content_range, range_status, top_span


@pytest.mark.parametrize(
    ("header", "asked", "span"),
    [
        (None, ALL, ALL),
        ("0-9", ALL, Span(0, 9)),
        ("5-", ALL, Span(5)),
        ("5-5", ALL, Span(5, 5)),
        ("bytes=0-9", ALL, ALL),
        ("nonsense", ALL, ALL),
        ("0-9", Span(3, 4), Span(3, 4)),
        ("0-3", Span(2, 11), Span(2, 3)),
        (None, Span(0, -1), Span(0, -1)),
        ("5-9", Span(0, -1), Span(0, -1)),
    ],
)
def test_header_and_query_are_intersected(header, asked, span):
    assert top_span("GET", header, asked) == span


@pytest.mark.parametrize(
    ("header", "asked", "details"),
    [("9-0", ALL, CROSSED_RANGE), (None, Span(0, -6), NEGATIVE_LIMIT)],
)
def test_impossible_ranges_are_refused(header, asked, details):
    with pytest.raises(Refusal) as caught:
        top_span("GET", header, asked)
    assert (caught.value.status, caught.value.details) == (416, details)


@pytest.mark.parametrize("method", ["HEAD", "POST", "PATCH", "DELETE"])
def test_the_header_is_for_get_alone(method):
    assert top_span(method, "9-0", ALL) == ALL


def test_put_takes_no_limit():
    with pytest.raises(Refusal, match="PGRST114"):
        top_span("PUT", None, Span(0, 9))


@pytest.mark.parametrize(
    ("first", "last", "total", "header", "status"),
    [
        (0, 14, None, "0-14/*", 200),
        (0, 14, 15, "0-14/15", 200),
        (0, 4, 15, "0-4/15", 206),
        (10, 14, 15, "10-14/15", 206),
        (0, -1, 0, "*/0", 200),
        (0, -1, None, "*/*", 200),
        (15, 14, 15, "*/15", 206),
        (100, 99, 15, "*/15", 416),
    ],
)
def test_the_answer_says_which_part_of_how_many(first, last, total, header, status):
    assert content_range(first, last, total) == header
    assert range_status(first, last, total) == status
