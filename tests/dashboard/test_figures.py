"""The charts: accepted by plotly, gaps drawn as gaps, and the tables hold exactly their points."""

import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import plotly.graph_objects as go
import pytest

from dashboard import traffic, traffic_charts
from dashboard.charts import NO_DATA, NOTHING, Chart, Curve, Kind, Unit, number, times
from dashboard.figures import figure
from dashboard.marks import Mark, lettered
from optimizer.domain.figures import Figures
from optimizer.domain.recency import CacheFill
from optimizer.domain.request import Sum, Wanted
from optimizer.domain.spans import Stretch

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = Wanted(NOON - timedelta(hours=1), NOON, 1, UTC)


def figures(hits=0, misses=0, sent=0, **others):
    """What was counted."""
    return Figures(asked=hits + misses, hits=hits, misses=misses, sent=sent, **others)


def hour(wanted=HOUR, shift=0):
    """Ten minutes unknown, ten without traffic, then forty with a rising hit rate."""
    return [
        Sum(piece, int(i >= 10), figures(i + shift, 60 - i, 60 - i, received=9 * i, spared=i * i))
        if i >= 20
        else Sum(piece, int(i >= 10))
        for i, piece in enumerate(wanted.stretches())
    ]


def all_charts(*, in_bytes=False, compare=False, wanted=HOUR):
    """The charts of the overview."""
    sums = hour(wanted)
    before = hour(wanted.before(), shift=1) if compare else None
    return traffic_charts.charts(sums, before, times(sums, wanted, before), in_bytes=in_bytes)


EVERY = [
    pytest.param(chart, id=f"{chart.id}-{'bytes' if in_bytes else 'requests'}-{compare}")
    for in_bytes in (False, True)
    for compare in (False, True)
    for chart in all_charts(in_bytes=in_bytes, compare=compare)
]
MARKS = lettered([Mark(NOON - 9 * MINUTE, "deploy", "<b>1.4</b>", "alice")], UTC)


@pytest.mark.parametrize("chart", EVERY)
def test_plotly_accepts_the_figure(chart):
    """Plotly's own schema knows every property and every value."""
    built = go.Figure(figure(chart, MARKS))
    assert len(built.data[0].x) == 60


@pytest.mark.parametrize("chart", EVERY)
def test_the_figure_is_what_plotly_makes_of_it(chart):
    """What was left out of the check at run time would have passed it unchanged."""
    made = figure(chart, MARKS)
    whole = go.Figure(made).to_dict()
    template = whole["layout"].pop("template")
    assert template == go.layout.Template(made["layout"].pop("template")).to_plotly_json()
    assert json.loads(json.dumps(whole)) == json.loads(json.dumps(made))


@pytest.mark.parametrize("chart", EVERY)
def test_what_is_unknown_is_null_and_shaded(chart):
    """A gap is neither zero nor bridged by a line."""
    drawn = figure(chart)
    assert list(drawn["data"][0]["y"][:10]) == [None] * 10
    (shade,) = drawn["layout"]["shapes"]
    assert (shade["x0"], shade["x1"]) == ("2026-03-01 10:59:30", "2026-03-01 11:09:30")
    assert not any(trace.get("connectgaps") for trace in drawn["data"])


@pytest.mark.parametrize("chart", EVERY)
def test_the_table_holds_exactly_the_points_of_the_chart(chart):
    """Whoever reads the table misses nothing, and reads nothing that is not drawn."""
    drawn = {trace["name"]: list(trace["y"]) for trace in figure(chart)["data"]}
    sign = f" ({chart.unit.sign})" if chart.unit.sign else ""
    rows = list(reversed(chart.rows()))
    tabled = {
        name.removesuffix(sign): [number_in(row[1 + i]) for row in rows]
        for i, name in enumerate(chart.header()[1:])
    }
    assert tabled == {name: [rounded(v) for v in values] for name, values in drawn.items()}


@pytest.mark.parametrize("chart", EVERY)
def test_the_export_holds_exactly_the_points_of_the_chart(chart):
    """CSV and JSON are made of this."""
    start, known, *columns = [v for k, v in chart.export().items() if k != "start_of_period_before"]
    assert (len(start), sum(known)) == (60, 50)
    drawn = [list(trace["y"]) for trace in figure(chart)["data"]]
    assert sorted(map(str, columns)) == sorted(map(str, drawn))


def number_in(cell):
    """A table's cell as a number."""
    return None if cell in (NO_DATA, NOTHING) else float(cell.replace(",", ""))


def rounded(value):
    """A drawn value as a number."""
    return None if value is None else float(value)


def test_no_traffic_is_zero_calls_and_no_hit_rate():
    """Silence is a fact: no calls; but there is nothing of which a share were hits."""
    rate, calls, *_ = all_charts()
    assert figure(calls)["data"][0]["y"][10] == 0
    assert figure(rate)["data"][0]["y"][10] is None
    assert (rate.rows()[49][1], rate.rows()[50][1]) == (NOTHING, NO_DATA)


def test_a_range_without_any_data_says_so_in_the_chart():
    """One label over the whole width."""
    sums = [Sum(piece, 0) for piece in HOUR.stretches()]
    calls = traffic_charts.charts(sums, None, times(sums, HOUR), in_bytes=False)[1]
    (label,) = figure(calls)["layout"]["annotations"]
    assert label["text"] == "no data"


def test_times_are_those_of_the_reporting_zone():
    """Noon in UTC is half past five in the afternoon in Kolkata."""
    calls = all_charts(wanted=Wanted(HOUR.start, HOUR.end, 1, ZoneInfo("Asia/Kolkata")))[1]
    assert figure(calls)["data"][0]["x"][0] == "2026-03-01 16:30"
    assert calls.export()["start"][0] == "2026-03-01T16:30+05:30"


def test_the_period_before_is_drawn_over_this_one_and_says_when_it_was():
    """The same places on the axis, other values, and their own times at hand."""
    calls = all_charts(compare=True)[1]
    *now, then = figure(calls)["data"]
    assert then["x"] == now[0]["x"]
    assert then["y"][30] == 61
    assert then["text"][0] == "2026-03-01 10:00"
    assert calls.export()["start_of_period_before"][0] == "2026-03-01T10:00+00:00"


def test_a_mark_is_a_line_with_a_letter_and_its_words_are_no_markup():
    """What somebody wrote is shown as it was written."""
    drawn = figure(all_charts()[0], MARKS)["layout"]
    flag = drawn["annotations"][-1]
    assert (flag["text"], flag["x"]) == ("A", "2026-03-01 11:51")
    assert "<b>" not in flag["hovertext"]
    assert drawn["shapes"][-1]["type"] == "line"


def test_letters_that_would_be_drawn_on_one_another_are_one_label():
    """Marks of one moment, or nearly; each keeps its line and its words."""
    at = HOUR.start + timedelta(minutes=20)
    near = [at, at, at + timedelta(minutes=1), at + timedelta(minutes=9)]
    marks = lettered([Mark(when, "deploy", f"{n} <b>") for n, when in enumerate(near)], UTC)
    drawn = figure(all_charts()[0], marks)["layout"]
    run, alone = drawn["annotations"][-2:]
    assert (run["text"], alone["text"]) == ("A-C", "D")
    assert run["hovertext"].count("<br>") == 2
    assert "<b>" not in run["hovertext"]
    assert sum(shape["type"] == "line" for shape in drawn["shapes"]) == 4


def test_times_that_are_far_apart_share_a_logarithmic_axis():
    """Between the powers of ten around them, and with one power where there is one value."""
    at = times([Sum(piece, 1) for piece in HOUR.stretches()], HOUR)
    for values, span in (([0.4, 310.0], [-1, 3]), ([10.0], [1, 2]), ([], [0, 1])):
        curve = Curve("wait", "hit", [*values, *[None] * (60 - len(values))])
        axis = figure(Chart("w", "W", "", Unit.MS, at, [curve], log=True))["layout"]["yaxis"]
        assert (axis["type"], list(axis["range"])) == ("log", span)


def test_only_as_many_marks_are_drawn_as_there_are_letters():
    """The newest stay."""
    many = [Mark(NOON + n * MINUTE, "deploy", str(n)) for n in range(60)]
    kept = lettered(many, UTC)
    assert [mark.letter for mark in kept] == [chr(65 + n) for n in range(26)]
    assert kept[-1].text == "59"


def test_neighbouring_unknown_pieces_are_one_gap():
    """Known, unknown, unknown, known, unknown: two gaps."""
    pieces = [Stretch(NOON + i * MINUTE, NOON + (i + 1) * MINUTE) for i in range(5)]
    sums = [Sum(piece, known) for piece, known in zip(pieces, [1, 0, 0, 1, 0], strict=True)]
    at = times(sums, Wanted(NOON, NOON + 5 * MINUTE, 1, UTC))
    assert at.gaps() == [
        (NOON + MINUTE, NOON + 3 * MINUTE),
        (NOON + 4 * MINUTE, NOON + 5 * MINUTE),
    ]


def test_a_bar_without_neighbours_has_a_width():
    """Plotly takes it from the distance of two bars, and draws nothing where there is one."""
    wanted = Wanted(NOON, NOON + 15 * MINUTE, 15, UTC)
    (piece,) = wanted.stretches()
    at = times([Sum(piece, 15, figures(3, 1, 1))], wanted)
    chart = Chart("c", "C", "", Unit.COUNT, at, [Curve("asked", "hit", [4], kind=Kind.BAR)])
    assert figure(chart)["data"][0]["width"] == 0.8 * 15 * 60_000


def test_a_piece_of_which_a_part_is_known_says_how_much():
    """Five of fifteen minutes are not taken for the whole quarter."""
    wanted = Wanted(NOON, NOON + 15 * MINUTE, 15, UTC)
    (piece,) = wanted.stretches()
    at = times([Sum(piece, 5, figures(3, 1, 1))], wanted)
    curve = Curve("asked", "hit", [4], kind=Kind.BAR)
    assert Chart("c", "C", "", Unit.COUNT, at, [curve]).rows() == [
        ["2026-03-01 12:00 (5 of 15 min)", "4"]
    ]


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (1234567, Unit.COUNT, "1,234,567"),
        (1234567, Unit.BYTES, "1,234,567"),
        (75.0, Unit.PERCENT, "75.0"),
        (12.5, Unit.MS, "12.5"),
        (1200.0, Unit.MS, "1,200"),
        (0.0, Unit.MS, "0"),
        (0, Unit.COUNT, "0"),
        (None, Unit.COUNT, NOTHING),
    ],
)
def test_a_value_is_written_with_its_digits(value, unit, text):
    """Its unit stands in the head of the column."""
    assert number(value, unit) == text


def tile_values(*, in_bytes=False, then=None, **given):
    """What the tiles say of these counts."""
    return {t.id: t for t in traffic.tiles(figures(**given), then, in_bytes=in_bytes)}


def test_tiles_say_what_was_counted():
    """900 hits of 1,000 reads, 100 sent: 90 %, and 900 avoided."""
    tiles = tile_values(hits=900, misses=100, sent=100)
    assert [tiles[id_].number for id_ in ("hit-rate", "asked", "sent", "avoided")] == [
        "90.0", "1,000", "100", "900",
    ]  # fmt: skip


def test_tiles_say_the_same_in_bytes():
    """Three of four bytes that were needed came out of the cache."""
    tiles = tile_values(in_bytes=True, hits=3, misses=1, received=500_000, spared=1_500_000)
    said = [(tiles[i].number, tiles[i].unit) for i in ("needed-bytes", "received-bytes")]
    assert said == [("2.00", "MB"), ("500", "kB")]
    assert tiles["avoided-bytes"].note == "75.0 % of those needed"


def test_tiles_say_how_it_was_before():
    """Twice as many calls, and ten points more hits."""
    tiles = tile_values(hits=90, misses=10, sent=10, then=figures(40, 10, 10))
    assert tiles["asked"].change == "+100.0 %"
    assert tiles["hit-rate"].change == "+10.0 points"
    assert tiles["sent"].change == "+0.0 %"


def test_calls_that_the_engine_added_are_not_hidden():
    """More sent than asked: the avoided calls are below zero, and say so."""
    assert tile_values(hits=0, misses=10, sent=12)["avoided"].number == "-2"


def test_a_cache_that_does_not_answer_is_unknown_not_empty():
    """A dash, with the reason."""
    tile = traffic.entries(None)
    assert (tile.number, tile.note) == (NOTHING, "the cache does not answer")
    assert traffic.entries(CacheFill(0, 500)).number == "0"
