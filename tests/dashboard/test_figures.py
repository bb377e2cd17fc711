"""The charts: accepted by plotly, gaps drawn as gaps, and the tables hold exactly their points."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import plotly.graph_objects as go
import pytest

from dashboard import figures, panels
from optimizer.domain.counts import Counts
from optimizer.domain.series import RANGES, Freshness, Point, Window
from optimizer.domain.tally import Key, Tally

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def counts(hits=0, misses=0, sent=0):
    """Reads and calls, as tallies."""
    return Counts(
        {
            Key("asked", "", "read", "hit"): Tally(hits),
            Key("asked", "", "read", "miss"): Tally(misses),
            Key("sent", "", "read", "ok"): Tally(sent),
        }
    )


@pytest.fixture
def window():
    """The hour before noon."""
    return Window(RANGES["1h"], NOON - timedelta(hours=1), NOON)


@pytest.fixture
def points(window):
    """Ten minutes unknown, ten without traffic, then forty with a rising hit rate."""
    return [
        Point(at, at + MINUTE, int(i >= 10), counts(i, 60 - i, 60 - i) if i >= 20 else Counts({}))
        for i, at in enumerate(window.bins())
    ]


BUILDERS = [figures.hit_rate, figures.calls]


@pytest.mark.parametrize("build", BUILDERS)
def test_plotly_accepts_the_figure(window, points, build):
    """Plotly's own schema knows every property and every value."""
    figure = go.Figure(build(window, points, UTC))
    assert len(figure.data[0].x) == 60


@pytest.mark.parametrize("build", BUILDERS)
def test_what_is_unknown_is_null_and_shaded(window, points, build):
    """A gap is neither zero nor bridged by a line."""
    figure = build(window, points, UTC)
    assert list(figure["data"][0]["y"][:10]) == [None] * 10
    (shade,) = figure["layout"]["shapes"]
    assert (shade["x0"], shade["x1"]) == ("2026-03-01 10:59:30", "2026-03-01 11:09:30")
    assert not figure["data"][0].get("connectgaps", False)


def test_no_traffic_is_zero_calls_and_no_hit_rate(window, points):
    """Silence is a fact: no calls; but there is nothing of which a share were hits."""
    assert figures.calls(window, points, UTC)["data"][0]["y"][10] == 0
    assert figures.hit_rate(window, points, UTC)["data"][0]["y"][10] is None


def test_a_range_without_any_data_says_so_in_the_chart(window):
    """One label over the whole width."""
    empty = [Point(at, at + MINUTE, 0, Counts({})) for at in window.bins()]
    (label,) = figures.calls(window, empty, UTC)["layout"]["annotations"]
    assert label["text"] == "no data"


def test_times_are_those_of_the_reporting_zone(window, points):
    """Noon in UTC is half past five in the afternoon in Kolkata."""
    figure = figures.calls(window, points, ZoneInfo("Asia/Kolkata"))
    assert figure["data"][0]["x"][0] == "2026-03-01 16:30"


def test_the_tables_hold_exactly_the_points_of_the_charts(window, points):
    """Whoever reads the table misses nothing, and reads nothing that is not drawn."""
    hit_rate, calls = panels.charts(window, points, UTC)
    assert drawn(hit_rate, 0) == tabled(hit_rate, 1, lambda cell: float(cell.removesuffix(" %")))
    assert drawn(calls, 0) == tabled(calls, 1, int)
    assert drawn(calls, 1) == tabled(calls, 2, int)


def drawn(chart, trace):
    """The points of a trace, in their order."""
    trace = chart.figure["data"][trace]
    return list(zip(trace["x"], trace["y"], strict=True))


def tabled(chart, column, number):
    """The same out of the table, which begins with the newest."""
    words = ("", panels.NO_DATA, "no reads")
    return [
        (row[0], None if row[column] in words else number(row[column]))
        for row in reversed(chart.table.rows)
    ]


def test_a_piece_of_which_a_part_is_known_says_how_much():
    """Five of fifteen minutes are not taken for the whole quarter."""
    cut = Window(RANGES["24h"], NOON, NOON + timedelta(hours=24))
    point = Point(NOON, NOON + timedelta(minutes=15), 5, counts(3, 1, 1))
    table = panels.charts(cut, [point], UTC)[0].table
    assert table.rows[0][0] == "2026-03-01 12:00 (5 of 15 min)"


def tile_values(**given):
    """What the tiles say of these counts."""
    tiles = panels.tiles(counts(**given), Freshness(NOON, NOON), None, NOON + MINUTE, UTC)
    return {tile.id: tile.number for tile in tiles}


def test_tiles_say_what_was_counted():
    """900 hits of 1,000 reads, 100 sent: 90 %, and 900 avoided."""
    values = tile_values(hits=900, misses=100, sent=100)
    assert values["hit-rate"] == "90.0"
    assert (values["asked"], values["sent"], values["avoided"]) == ("1,000", "100", "900")


def test_calls_that_the_engine_added_are_not_hidden():
    """More sent than asked: the avoided calls are below zero, and say so."""
    assert tile_values(hits=0, misses=10, sent=12)["avoided"] == "-2"


def test_a_cache_that_does_not_answer_is_unknown_not_empty():
    """A dash, with the reason."""
    tiles = panels.tiles(counts(), Freshness(), None, NOON, UTC)
    entries = next(tile for tile in tiles if tile.id == "entries")
    assert (entries.number, entries.note) == ("–", "the cache does not answer")  # noqa: RUF001
