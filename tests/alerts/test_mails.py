"""What the mails say."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from optimizer.alerts import mails
from optimizer.alerts.mails import SUBJECT_LIMIT, Reader
from optimizer.domain.rules import Event, Observation, Rule, Transition

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
BERLIN = Reader(ZoneInfo("Europe/Berlin"), "https://canvalo.example/")
RULE = Rule("api.contacts", 60, 70.5, 10 * MINUTE, 5 * MINUTE, 20)
SEEN = Observation(NOON + 5 * MINUTE, 41.24, 1230)


def fired(name="Contacts", rule=RULE, now=NOON + 6 * MINUTE):
    """The mail of a rule that fired at five past noon, low since noon."""
    turn = Transition(Event.FIRED, NOON, NOON + 5 * MINUTE, NOON + 5 * MINUTE)
    return mails.alert(name, rule, SEEN, turn, now, BERLIN)


def test_a_fired_mail_says_all_that_one_wants_to_know():
    """Value, threshold, window, since when, and the chart; times in the reporting zone."""
    mail = fired()
    assert mail.subject == "[Canvalo] Fired: Contacts: hit rate of api.contacts is 41.2 %"
    assert mail.text.splitlines() == [
        "Contacts: hit rate of api.contacts is 41.2 %",
        "",
        "Below since: 2026-03-01 13:00 (Europe/Berlin)",
        "Value: 41.2 % of 1,230 cacheable reads",
        "Threshold: below 60 % for 5 min; recovers at 70.5 % for as long",
        "Window: 10 min until 2026-03-01 13:05 (Europe/Berlin)",
        "",
        "Chart: https://canvalo.example/?range=1h#chart-hit-rate",
    ]


def test_a_resolved_mail_tells_the_duration():
    """In the subject, and from when to when."""
    end = NOON + timedelta(hours=25, minutes=3)
    turn = Transition(Event.RESOLVED, NOON, end, end + 5 * MINUTE)
    mail = mails.alert("Contacts", RULE, SEEN, turn, end + 6 * MINUTE, BERLIN)
    assert mail.subject.startswith("[Canvalo] Resolved: Contacts:")
    assert mail.subject.endswith("after 1 d 1 h 3 min")
    assert "from 2026-03-01 13:00 (Europe/Berlin) to 2026-03-02 14:03 (Europe/Berlin)" in mail.text


def test_both_bodies_say_the_same():
    """Every line of the text is in the HTML too."""
    mail = fired()
    for line in mail.text.splitlines()[:6]:
        assert all(part in mail.html for part in line.split(": ", 1))


def test_names_cannot_break_out_of_subject_or_html():
    """A rule's name is whatever an operator typed."""
    mail = fired('<b onclick="x">&\r\nBcc: eve@example.com')
    assert "\n" not in mail.subject
    assert "<b onclick" not in mail.html
    assert "&lt;b onclick=&quot;x&quot;&gt;&amp;" in mail.html


def test_a_long_name_is_cut_to_what_a_subject_holds():
    """And the cut shows."""
    subject = fired("x" * 300).subject
    assert (len(subject), subject[-1]) == (SUBJECT_LIMIT, "…")


@pytest.mark.parametrize(
    ("hours", "name"), [(0, "1h"), (1, "6h"), (20, "24h"), (30, "7d"), (900, "7d")]
)
def test_the_link_shows_the_whole_story(hours, name):
    """The shortest range that reaches back to before it began, or else the longest."""
    assert f"?range={name}#" in mails.chart_link(RULE, NOON, NOON + timedelta(hours=hours), BERLIN)


def test_a_rule_for_all_tables_says_so():
    """The empty name is not shown as such."""
    everything = Rule("", 60, 70, 10 * MINUTE, 5 * MINUTE, 20)
    assert "hit rate of all tables is" in fired(rule=everything).subject


def test_a_test_mail_says_that_it_is_one():
    """Nobody is alarmed by it."""
    mail = mails.trial("Contacts", RULE, NOON, BERLIN)
    assert mail.subject == "[Canvalo] Test: Contacts: a test, nothing has happened"
    assert "below 60 %" in mail.text


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
    assert mails.lasted(span) == text
