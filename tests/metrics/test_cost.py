"""Money: a table worked out by hand, to the cent; and what is said where nothing is known."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from optimizer.domain.cost import (
    FORMULA,
    FORMULA_OPEN,
    FREE,
    PRO,
    TEAM,
    Plan,
    Price,
    cents,
    hypothesis,
    line,
    saved,
)
from optimizer.domain.cycle import cycle, forecast, said

GB = 10**9
DAY = date(2026, 11, 25)
SOURCE = "https://supabase.com/pricing"
BERLIN = ZoneInfo("Europe/Berlin")


def egress(quota=250 * GB, usd="0.09"):
    """Egress as the paid plans have it."""
    return Price("egress", "byte", quota, Decimal(usd), GB, False, DAY, SOURCE)


def logs():
    """Announced, and not charged before 2027."""
    start = date(2027, 1, 1)
    return Price("logs", "byte", 5 * GB, Decimal("0.50"), GB, False, DAY, SOURCE, start)


EDGE = Price("edge", "invocation", 2_000_000, Decimal(2), 10**6, True, DAY, SOURCE)

# plan, cap, quota, used, avoided (bytes), dollars saved: worked out by hand.
TABLE = [
    # within: used and avoided together stay below the quota
    (FREE, False, 5 * GB, 1 * GB, 3 * GB, "0.00"),
    (PRO, True, 250 * GB, 100 * GB, 40 * GB, "0.00"),
    (PRO, False, 250 * GB, 100 * GB, 40 * GB, "0.00"),
    (TEAM, False, 250 * GB, 100 * GB, 150 * GB, "0.00"),  # 250 GB of 250 GB
    # across: the quota holds because of what was avoided
    (FREE, False, 5 * GB, 4 * GB, 3 * GB, "0.00"),
    (PRO, True, 250 * GB, 240 * GB, 40 * GB, "0.00"),
    (PRO, False, 250 * GB, 240 * GB, 40 * GB, "2.70"),  # 30 GB above * 0.09
    (TEAM, False, 250 * GB, 200 * GB, 1_050 * GB, "90.00"),  # 1,000 GB * 0.09
    # above: the quota is used up anyway
    (FREE, False, 5 * GB, 6 * GB, 3 * GB, "0.00"),
    (PRO, True, 250 * GB, 300 * GB, 40 * GB, "0.00"),
    (PRO, False, 250 * GB, 300 * GB, 40 * GB, "3.60"),  # 40 GB * 0.09
    (TEAM, False, 250 * GB, 251 * GB, 123_456_789, "0.01"),  # 0.123 GB * 0.09 = 1.1 cents
]


@pytest.mark.parametrize(("plan", "cap", "quota", "used", "avoided", "dollars"), TABLE)
def test_what_was_saved_is_what_the_bill_would_have_been_more(
    plan, cap, quota, used, avoided, dollars
):
    """Plan by cap by place of the quota."""
    found = line(egress(quota), Plan(plan, cap), used, avoided, DAY)
    assert (found.low, found.high) == (Decimal(dollars), Decimal(dollars))


def test_a_million_avoided_calls_of_4_kb_at_the_margin():
    """4 GB: nothing within the quota, 36 cents above it."""
    avoided = 1_000_000 * 4_000
    pay = Plan(PRO, spend_cap=False)
    assert line(egress(), pay, 10 * GB, avoided, DAY).high == Decimal("0.00")
    assert line(egress(), pay, 250 * GB, avoided, DAY).high == Decimal("0.36")


def test_with_unknown_use_there_is_a_range():
    """From nothing to the full price; the formula says why."""
    found = line(egress(), Plan(PRO, spend_cap=False), None, 4 * GB, DAY)
    assert (found.low, found.high) == (Decimal("0.00"), Decimal("0.36"))
    assert found.formula == FORMULA_OPEN
    assert found.left is None


def test_more_added_than_avoided_is_a_loss():
    """Warming that nobody used costs, and is not hidden."""
    assert saved(egress(), 300 * GB, -10 * GB)[0] == Decimal("-0.90")
    low, high = saved(egress(), None, -10 * GB)
    assert (low, high) == (Decimal("-0.90"), Decimal(0))


def test_started_units_cost_as_whole_ones():
    """The first invocation above the quota costs a million."""
    pay = Plan(TEAM, spend_cap=False)
    assert line(EDGE, pay, 1_999_999, 2, DAY).high == Decimal("2.00")
    assert line(EDGE, pay, 2_000_001, 999_999, DAY).high == Decimal("0.00")
    assert line(EDGE, pay, 2_000_001, 1_000_000, DAY).high == Decimal("2.00")


def test_what_is_announced_is_not_yet_saved():
    """A price that holds from 2027 is worth nothing in 2026, and the line says what it will be."""
    pay = Plan(PRO, spend_cap=False)
    found = line(logs(), pay, 5 * GB, 2 * GB, DAY)
    assert (found.low, found.high) == (Decimal(0), Decimal(0))
    assert "before 2027-01-01; it would be $1.00" in found.note
    assert line(logs(), pay, 5 * GB, 2 * GB, date(2027, 1, 1)).high == Decimal("1.00")


def test_where_nothing_is_billed_the_headroom_is_what_counts():
    """With the cap on, and on Free."""
    found = line(egress(), Plan(PRO, spend_cap=True), 200 * GB, 50 * GB, DAY)
    assert (found.share, found.left) == (0.2, 50 * GB)
    assert "headroom" in found.note


def test_a_figure_says_how_it_was_worked_out():
    """Formula, inputs, and from where and when each is."""
    found = line(egress(), Plan(PRO, spend_cap=False), 240 * GB, 40 * GB, DAY)
    assert found.formula == FORMULA
    said_ = {i.name: (i.value, i.source) for i in found.inputs}
    assert said_["p, price"][0] == "$0.09 a 1,000,000,000 bytes"
    assert said_["Q, quota"] == ("250,000,000,000 bytes", f"{SOURCE}, as of 2026-11-25")


def test_compute_is_a_hypothesis_in_words():
    """No dollars are added to the savings for it."""
    hourly = {"micro": Decimal("0.01344"), "small": Decimal("0.0206"), "xl": Decimal("0.2877")}
    text = hypothesis(hourly, "small", 0.43)
    assert "43 % of the calls" in text
    assert "If micro were enough instead of small, that would be $5.23 a month" in text
    assert "only a trial" in text
    credited = hypothesis(hourly, "small", 0.43, Decimal(10))
    assert "that would be $5.04 a month of 730 hours, after the $10.00 that the plan" in credited
    assert "$" not in hypothesis(hourly, "micro", None)
    assert "$" not in hypothesis(hourly, "", 0.5)


@pytest.mark.parametrize(
    ("now", "day", "start", "end"),
    [
        (datetime(2026, 11, 25, tzinfo=UTC), 1, date(2026, 11, 1), date(2026, 12, 1)),
        (datetime(2026, 11, 25, tzinfo=UTC), 26, date(2026, 10, 26), date(2026, 11, 26)),
        (datetime(2026, 1, 5, tzinfo=UTC), 10, date(2025, 12, 10), date(2026, 1, 10)),
        (datetime(2026, 3, 1, tzinfo=UTC), 31, date(2026, 2, 28), date(2026, 3, 31)),
        (datetime(2026, 12, 31, tzinfo=UTC), 31, date(2026, 12, 31), date(2027, 1, 31)),
    ],
)
def test_a_cycle_begins_on_its_day_or_on_the_last_of_a_short_month(now, day, start, end):
    """Over the turn of the year too."""
    found = cycle(now, day, UTC)
    assert (found.start.date(), found.end.date()) == (start, end)


def test_a_cycle_begins_at_local_midnight():
    """The last hour of October in UTC is November in Berlin."""
    found = cycle(datetime(2026, 10, 31, 23, 30, tzinfo=UTC), 1, BERLIN)
    assert found.start == datetime(2026, 10, 31, 23, tzinfo=UTC)


def test_the_quota_ends_on_the_23rd_and_without_on_the_9th():
    """Both go on as in the cycle so far."""
    within = cycle(datetime(2026, 11, 12, tzinfo=UTC), 1, UTC)
    until = within.start + timedelta(days=10)

    used = int(250 * GB * 10 / 22.5)  # would end after 22.5 days: on the 23rd
    avoided = int(250 * GB * 10 / 8.5) - used  # together after 8.5 days: on the 9th
    found = forecast(250 * GB, used, avoided, until, within)
    text = said("egress", found, UTC)
    assert text == "The egress quota ends on 23 November; without Canvalo on 9 November."


def test_a_quota_that_holds_is_said_to_hold():
    """With the engine, or in any case."""
    within = cycle(datetime(2026, 11, 12, tzinfo=UTC), 1, UTC)
    until = within.start + timedelta(days=10)
    holds = said("egress", forecast(250 * GB, 10 * GB, 10 * GB, until, within), UTC)
    assert holds.endswith("and would without Canvalo too.")
    saved_ = said("egress", forecast(250 * GB, 10 * GB, 240 * GB, until, within), UTC)
    assert saved_.endswith("without Canvalo it ends on 11 November.")


@pytest.mark.parametrize("used", [0, 1, 3000])
def test_a_use_of_next_to_nothing_is_no_error(used):
    """The first reading of a new project: at this pace the quota holds for ages."""
    within = cycle(datetime(2026, 11, 12, tzinfo=UTC), 1, UTC)
    found = forecast(250 * GB, used, 100 * GB, within.start + timedelta(minutes=5), within)
    assert found.reached is None
    assert found.without is not None


def test_more_sent_than_asked_is_told_without_a_minus():
    """Repeats make it so: no share was kept from the database, and nothing is not $-0.00."""
    assert "%" not in hypothesis({}, "", -0.15)
    assert str(cents(Decimal("-0.004"))) == "0.00"
