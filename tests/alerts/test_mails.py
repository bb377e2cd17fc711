"""What the mails say."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest

from optimizer.alerts import mails, telling
from optimizer.alerts.mails import SUBJECT_LIMIT
from optimizer.alerts.telling import Reader, Telling, Told
from optimizer.domain.measures import Direction, Metric
from optimizer.domain.rules import Event, Observation, Rule, Transition

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
BERLIN = Reader(ZoneInfo("Europe/Berlin"), "https://canvalo.example/")
RULE = Rule("api.contacts", 60, 70.5, 10 * MINUTE, 5 * MINUTE, 20)
SEEN = Observation(NOON + 5 * MINUTE, 41.24, 1230)
WAY_OUT = "https://canvalo.example/alerts/unsubscribe/x"


def fired(name="Contacts", rule=RULE, severity="warning", seen=SEEN):
    """What is said of a rule that fired at five past noon, low since noon."""
    turn = Transition(Event.FIRED, NOON, NOON + 5 * MINUTE, NOON + 5 * MINUTE)
    return telling.turn(Told(name, severity, rule), seen, turn, NOON + 6 * MINUTE, BERLIN)


def ended(event=Event.RESOLVED, after=timedelta(hours=25, minutes=3)):
    """What is said when it is over."""
    turn = Transition(event, NOON, NOON + after, NOON + after + 5 * MINUTE)
    now = NOON + after + 6 * MINUTE
    return telling.turn(Told("Contacts", "warning", RULE), SEEN, turn, now, BERLIN)


def mail(*tellings, remarks=()):
    """The mail of these."""
    return mails.compose(tellings, remarks, WAY_OUT)


def test_a_fired_mail_says_all_that_one_wants_to_know():
    """Value, threshold, window, since when, and the chart; times in the reader's zone."""
    written = mail(fired())
    assert written.subject == "[Canvalo] Fired: Contacts: hit rate of api.contacts is 41.2 %"
    assert written.text.splitlines() == [
        "Contacts: hit rate of api.contacts is 41.2 %",
        "",
        "Below since: 2026-03-01 13:00 (Europe/Berlin)",
        "Value: 41.2 % of 1,230 cacheable reads",
        "Threshold: below 60 % for 5 min; recovers at or above 70.5 % for as long",
        "Window: 10 min until 2026-03-01 13:05 (Europe/Berlin)",
        "Severity: warning",
        "",
        "Chart: https://canvalo.example/?range=1h&from=2026-03-01T11:06Z&to=2026-03-01T12:06Z"
        "#chart-hit-rate",
        "",
        "-- ",
        f"Do not want these mails? {WAY_OUT}",
    ]


def test_a_resolved_mail_tells_the_duration():
    """In the subject, and from when to when."""
    written = mail(ended())
    assert written.subject.startswith("[Canvalo] Resolved: Contacts:")
    assert written.subject.endswith("after 1 d 1 h 3 min")
    told = "from 2026-03-01 13:00 (Europe/Berlin) to 2026-03-02 14:03 (Europe/Berlin)"
    assert told in written.text


def test_a_reminder_says_for_how_long_it_has_lasted():
    """So that nobody has to look for the first mail."""
    assert "is 41.2 %, for 1 d 1 h 8 min now" in mail(ended(Event.REMINDED)).subject


def test_a_reminder_without_figures_says_why():
    """An alarm that nobody can judge any more is not forgotten."""
    turn = Transition(Event.REMINDED, NOON, NOON, NOON + 60 * MINUTE)
    broken = Observation(None, None, 0, "DataError: overflow")
    told = telling.turn(Told("C", "info", RULE), broken, turn, NOON + 61 * MINUTE, BERLIN)
    assert "unknown of 0 cacheable reads; DataError: overflow" in mail(told).text


def test_a_metric_is_told_in_its_unit_and_on_its_side():
    """Milliseconds above, not percent below."""
    slow = Rule("", 250, 200, MINUTE, MINUTE, 1, Metric.P95, Direction.ABOVE, 15 * MINUTE)
    written = mail(fired("Slow", slow, "critical", Observation(NOON, 1234.5, 50)))
    assert written.subject == (
        "[Canvalo] Fired (critical): Slow: answer time (95th percentile) of all tables is 1,234 ms"
    )
    assert "Above since: " in written.text
    assert "above 250 ms for 1 min; recovers at or below 200 ms for 15 min" in written.text


def test_both_bodies_say_the_same():
    """Every line of the text is in the HTML too, and the way out."""
    written = mail(fired(), remarks=["Held back: 3"])
    for line in written.text.splitlines()[:6]:
        assert all(part in written.html for part in line.split(": ", 1))
    assert WAY_OUT in written.html
    assert "Held back: 3" in written.html
    assert "Held back: 3" in written.text


def test_many_are_counted_in_the_subject_and_each_is_told():
    """What fired stands before what is over, since of a long mail the top is read."""
    written = mail(ended(), fired("A"), fired("C", severity="critical"))
    assert written.subject == "[Canvalo] 3 alerts: 2 fired, 1 resolved (1 critical)"
    heads = [line for line in written.text.splitlines() if line[:1].isupper() and "  " in line]
    assert [head.split(":")[0] for head in heads] == ["FIRED  C", "FIRED  A", "RESOLVED  Contacts"]
    assert written.html.count("<h1") == 3


def test_a_storm_is_short_enough_for_mail_programs_and_loses_nothing():
    """These cut a mail above some 100 kB: the first are told in full, the rest in a line each."""
    storm = mail(*[fired(f"Rule {n:03}") for n in range(300)], remarks=["Held back: 300"])
    assert len(storm.html.encode()) < 102_000
    assert storm.html.count("<h1") == 20
    for n in range(300):
        assert f"Rule {n:03}" in storm.html
        assert f"FIRED  Rule {n:03}" in storm.text
    assert storm.html.index("Held back: 300") < storm.html.index("Rule 000")
    assert storm.text.startswith("Held back: 300")
    assert WAY_OUT in storm.html


def test_of_more_than_a_mail_holds_the_gravest_are_shown():
    """The subject counts them all, and the mail says how many it leaves out."""
    many = [*[ended() for _ in range(350)], fired("Last", severity="critical")]
    written = mail(*many)
    assert written.subject == "[Canvalo] 351 alerts: 1 fired, 350 resolved (1 critical)"
    assert written.text.startswith("Not shown: 51 more")
    assert "FIRED  Last" in written.text
    assert len(written.payload["events"]) == 300


def test_a_forecast_says_at_whose_pace():
    """It is not made of these calls alone."""
    bill = Rule("", 50, 40, MINUTE, MINUTE, 1, Metric.COST_FORECAST, Direction.ABOVE)
    written = mail(fired("Bill", bill, seen=Observation(NOON, 61.237, 40210)))
    assert "Value: 61.24 US$, at the pace of 40,210 calls" in written.text


def test_a_program_gets_the_same_as_figures():
    """Name, event, value, thresholds and times; and a text that chat programs show."""
    payload = mail(fired()).payload
    [event] = payload["events"]
    assert payload["text"] == "Fired: Contacts: hit rate of api.contacts is 41.2 %"
    assert (event["rule"], event["event"], event["value"]) == ("Contacts", "fired", 41.24)
    assert (event["fire"], event["fire_at"], event["since"]) == ("below", 60, NOON.isoformat())


def test_what_waits_is_told_unchanged():
    """It is kept as JSON in between."""
    assert Telling.from_json(fired().as_json()) == fired()


def test_names_cannot_break_out_of_subject_or_html():
    """A rule's name is whatever an operator typed."""
    written = mail(fired('<b onclick="x">&\r\nBcc: eve@example.com'))
    assert "\n" not in written.subject
    assert "<b onclick" not in written.html
    assert "&lt;b onclick=&quot;x&quot;&gt;&amp;" in written.html


def test_a_long_name_is_cut_to_what_a_subject_holds():
    """And the cut shows."""
    subject = mail(fired("x" * 300)).subject
    assert (len(subject), subject[-1]) == (SUBJECT_LIMIT, "…")


@pytest.mark.parametrize(
    ("hours", "name"),
    [(0.5, "1h"), (1, "6h"), (20, "24h"), (30, "7d"), (900, "90d"), (9000, "1y")],
)
def test_the_link_shows_the_whole_story(hours, name):
    """The shortest range that reaches back to before it began, or else the longest."""
    link = telling.chart_link(RULE, NOON, NOON + timedelta(hours=hours), BERLIN)
    assert f"?range={name}&" in link


def test_the_link_shows_the_same_stretch_whenever_it_is_opened():
    """From twenty minutes before it began (ten of them the window's) until the mail was written."""
    link = telling.chart_link(RULE, NOON, NOON + timedelta(hours=5), BERLIN)
    parts = parse_qs(urlsplit(link).query)
    start, end = (datetime.fromisoformat(parts[name][0]) for name in ("from", "to"))
    assert (start, end) == (NOON - 20 * MINUTE, NOON + timedelta(hours=5))


def test_a_rule_for_all_tables_says_so():
    """The empty name is not shown as such."""
    everything = Rule("", 60, 70, 10 * MINUTE, 5 * MINUTE, 20)
    assert "hit rate of all tables is" in mail(fired(rule=everything)).subject


def test_a_test_mail_says_that_it_is_one():
    """Nobody is alarmed by it."""
    written = mail(telling.trial(Told("Contacts", "warning", RULE), NOON, BERLIN))
    assert written.subject == "[Canvalo] Test: Contacts: a test, nothing has happened"
    assert "below 60 %" in written.text


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (timedelta(seconds=59), "less than a minute"),
        (timedelta(minutes=60), "1 h"),
        (timedelta(days=2, minutes=1), "2 d 1 min"),
    ],
)
def test_durations_leave_out_what_is_none(span, text):
    """Days, hours and minutes."""
    assert telling.lasted(span) == text
