"""Rows, bars and both ways of telling them."""

import json

import pytest

from benchmarks.report import Row, as_json, passed, table


@pytest.mark.parametrize(
    ("ours", "bar", "holds"),
    [
        (3.0, "<= 3", True),
        (3.01, "<= 3", False),
        (6.0, ">= 6", True),
        (5.99, ">= 6", False),
        (0.5, "<= 0.5", True),
        (99.0, None, None),
    ],
)
def test_a_bar_is_set_to_the_ratio(ours, bar, holds):
    """The bar itself still holds, the next figure does not."""
    assert Row("x", ours * 7, 7.0, bar).holds is holds


def test_nothing_to_compare_with_holds_no_bar():
    """A side that measured nothing proves nothing."""
    row = Row("x", 1.0, 0.0, "<= 3")
    assert (row.ratio, row.holds) == (None, False)


@pytest.mark.parametrize("bar", ["< 3", "<=3", "3", "<= three", "<= -1", ""])
def test_a_bar_that_cannot_be_read_is_refused(bar):
    """A slip in a bar must not turn it off."""
    with pytest.raises(ValueError, match="is not a bar"):
        Row("x", 1.0, 1.0, bar)


def test_all_bars_must_hold_and_rows_without_one_do_not_count():
    """One that does not hold fails the bench."""
    good, bad, none = Row("a", 1, 1, "<= 3"), Row("b", 4, 1, "<= 3"), Row("c", 4, 1)
    assert passed([good, none])
    assert not passed([good, bad, none])


def test_the_table_has_a_line_for_each_row_in_columns():
    """A person sees both sides, their ratio, the bar and whether it holds."""
    lines = table([Row("quick", 1.234, 2.468, "<= 3"), Row("a longer name", 5000, 2, "<= 3")])
    head, first, second = lines.splitlines()
    assert head.split() == ["ours", "theirs", "ratio", "bar", "holds"]
    assert first.split() == ["quick", "1.23", "2.47", "0.5", "<=", "3", "yes"]
    assert second.split()[-6:] == ["5,000", "2", "2,500", "<=", "3", "NO"]
    assert len({len(line) for line in lines.splitlines()}) == 1


def test_a_row_without_bar_or_ratio_shows_dashes():
    """What was not measured does not look like a figure."""
    assert table([Row("x", 1, 0)]).splitlines()[1].split() == ["x", "1", "0", "-", "-", "-"]


def test_the_json_is_one_line_with_these_keys():
    """What a program reads."""
    text = as_json("flow", [Row("x", 1.23456, 2.0, "<= 0.7"), Row("y", 1, 0)])
    assert "\n" not in text
    assert json.loads(text) == {
        "bench": "flow",
        "rows": [
            {"name": "x", "ours": 1.2346, "theirs": 2.0, "ratio": 0.6173, "bar": "<= 0.7",
             "holds": True},
            {"name": "y", "ours": 1, "theirs": 0, "ratio": None, "bar": None, "holds": None},
        ],
    }  # fmt: skip
