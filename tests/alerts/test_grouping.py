"""What waits becomes mails: together, not too many, not in a silence, not to who has left."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth import get_user_model

from optimizer.alerts.deliver import deliver_due
from optimizer.alerts.evaluate import evaluate_all
from optimizer.alerts.expire import KEPT, expire
from optimizer.alerts.grouping import BEHIND, GROUP_WAIT, LONGEST_RUN, cap, group_due
from optimizer.alerts.notices import put_trials
from optimizer.domain.quiet import Quiet
from optimizer.models import AlertRule, Notice, Outbox, Pulse, Recipient, Silence
from tests.alerts.factories import (
    NOON,
    AlertRuleFactory,
    OutboxFactory,
    grouped,
    stored_at,
    traffic,
)
from tests.alerts.race import race

pytestmark = pytest.mark.django_db
BAD, GOOD = (2, 8), (9, 1)
HOUR = timedelta(hours=1)


def judge(minutes, first=0):
    """Count and judge one minute after the other; when the last one was judged."""
    for n, (hits, misses) in enumerate(minutes, first):
        traffic(n, hits, misses)
        evaluate_all(stored_at(n))
    return stored_at(first + len(minutes) - 1)


def silence(since, until, *rules, **more):
    """Nothing is told about these rules, or about any."""
    row = Silence.objects.create(starts_at=since, ends_at=until, reason="we know", **more)
    row.rules.set(rules)
    return row


def test_a_storm_of_200_rules_is_one_mail_a_recipient(mail_server):
    """Each of the two gets one mail, in which every rule is named."""
    AlertRuleFactory.create_batch(200, recipients="alice@example.com, bob@example.com")
    now = judge([BAD] * 3)
    assert Notice.objects.count() == 400
    assert grouped(now) == 2
    for mail in Outbox.objects.all():
        assert mail.subject == "[Canvalo] 200 alerts: 200 fired"
        assert all(f"FIRED  {rule.name}: " in mail.text for rule in AlertRule.objects.all())
    assert grouped(now) == 0
    deliver_due(lambda: now + GROUP_WAIT)
    to = sorted(mail["To"] for mail in mail_server.taken)
    assert to == ["alice@example.com", "bob@example.com"]
    assert max(len(mail.as_bytes()) for mail in mail_server.taken) < 250_000


def test_a_mail_waits_for_what_fires_with_it():
    """Half a run of the judging is not a mail of its own."""
    AlertRuleFactory()
    now = judge([BAD] * 3)
    assert [group_due(now), group_due(now + GROUP_WAIT)] == [0, 1]


def test_a_mail_waits_for_the_end_of_the_judging_that_wrote_it():
    """The 200 rules of a slow database are one mail too; a run that never ends holds up nothing."""
    AlertRuleFactory()
    now = judge([BAD] * 3)
    Pulse.objects.update(at=now - timedelta(seconds=30))  # this run is not done
    assert [group_due(now + GROUP_WAIT), group_due(now + LONGEST_RUN)] == [0, 1]


def test_a_clock_set_back_holds_up_nothing(settings):
    """Neither the wait for others nor the cap counts what was written tomorrow."""
    settings.CANVALO_ALERT_MAILS_PER_HOUR = 1
    AlertRuleFactory()
    now = judge([BAD] * 3)
    OutboxFactory(created_at=now + timedelta(days=1))
    Notice.objects.update(created_at=now + timedelta(days=1))
    assert group_due(now) == 1


def test_who_is_no_recipient_any_more_is_not_told_what_was_held_for_them():
    """Bob left the company while a silence held."""
    rule = AlertRuleFactory(recipients="alice@example.com, Bob@example.com")
    silence(NOON, NOON + HOUR)
    grouped(judge([BAD] * 3))
    AlertRule.objects.filter(pk=rule.pk).update(recipients="ALICE@example.com")
    assert group_due(NOON + HOUR) == 1
    assert Outbox.objects.get().recipient == "alice@example.com"
    bobs = Notice.objects.get(recipient="Bob@example.com")
    assert (bobs.fate, bobs.why) == ("suppressed", "no recipient of the rule any more")


@pytest.mark.django_db(transaction=True)
def test_two_at_once_write_one_mail():
    """The second finds the notices taken."""
    AlertRuleFactory()
    now = judge([BAD] * 3)
    assert sorted(race(Notice.objects.get(), lambda: grouped(now))) == [0, 1]
    assert Outbox.objects.count() == 1


def test_beyond_the_cap_it_waits_and_the_next_mail_says_so(settings):
    """Three mails an hour; the fourth comes when the hour is over, with all that was held."""
    settings.CANVALO_ALERT_MAILS_PER_HOUR = 3
    now = NOON
    for n in range(6):
        AlertRuleFactory(name=f"r{n}")
        now = judge([BAD] * 3, first=3 * n)
        AlertRule.objects.all().delete()
        grouped(now)
    assert (cap(), Outbox.objects.count()) == (3, 3)
    third, *before = Outbox.objects.all()
    told = "This is mail 3 of 3 in an hour: what follows waits until 2026-03-01 13:04 (UTC)."
    assert told in third.text
    assert not any("of 3 in an hour" in mail.text for mail in before)
    assert set(Notice.objects.filter(fate="waiting").values_list("why", flat=True)) == {
        "held back: the cap of mails an hour was reached"
    }
    assert group_due(now + HOUR) == 1
    last = Outbox.objects.first()
    assert last.subject == "[Canvalo] 3 alerts: 3 fired"
    assert "Held back since 2026-03-01 12:13 (UTC): 3, for the cap of 3 mails an hour." in last.text


def test_behind_a_mail_that_is_retried_nothing_piles_up(mail_server):
    """While the server refuses, what follows waits; then it is one mail, in order, and says why."""
    AlertRuleFactory()
    mail_server.replies = ["451 not now"] * 2
    now = judge([BAD] * 3)
    grouped(now)
    deliver_due(lambda: now + GROUP_WAIT)
    later = judge([GOOD] * 4 + [BAD] * 3, first=3)
    assert grouped(later) == 0
    assert set(Notice.objects.filter(fate="waiting").values_list("why", flat=True)) == {BEHIND}
    deliver_due(lambda: later)
    assert grouped(later) == 0
    deliver_due(lambda: later + HOUR)
    assert group_due(later + HOUR) == 1
    deliver_due(lambda: later + HOUR)
    first, second = mail_server.taken
    assert "Fired" in first["Subject"]
    assert second["Subject"] == "[Canvalo] 2 alerts: 1 fired, 1 resolved"
    text = second.get_body(("plain",)).get_content()
    assert "Held back since 2026-03-01 12:07 (UTC): 2, for an earlier mail was held up." in text


def test_a_test_mail_that_is_retried_holds_up_no_alert(mail_server):
    """Nor does a mail to somebody else."""
    rule = AlertRuleFactory()
    mail_server.replies = ["451 not now"] * 2
    put_trials([rule], NOON)
    OutboxFactory(recipient="bob@example.com")
    group_due(NOON)
    deliver_due(lambda: NOON)
    assert grouped(judge([BAD] * 3)) == 1


def test_in_a_silence_nothing_is_told_and_the_log_says_why():
    """Author and reason stand beside the notice."""
    rule = AlertRuleFactory()
    alice = get_user_model().objects.create_user("alice")
    silence(NOON, NOON + HOUR, rule, author=alice)
    assert grouped(judge([BAD] * 3)) == 0
    notice = Notice.objects.get()
    assert (notice.fate, notice.why) == ("waiting", "silence by alice: we know")


def test_when_a_silence_ends_what_is_still_open_is_told():
    """Nobody forgets an alarm because it was once silenced."""
    rule = AlertRuleFactory()
    silence(NOON, NOON + HOUR, rule)
    grouped(judge([BAD] * 3))
    assert group_due(NOON + HOUR) == 1
    assert "Held back by a silence that has ended: 1." in Outbox.objects.get().text


def test_what_began_and_ended_within_a_silence_is_not_told():
    """The maintenance is over, and nothing is left of it."""
    AlertRuleFactory()
    silence(NOON, NOON + HOUR, kind="maintenance")
    grouped(judge([BAD] * 3))
    grouped(judge([GOOD] * 4, first=3))
    assert group_due(NOON + HOUR) == 0
    assert {n.why for n in Notice.objects.all()} == {"began and ended within a silence"}


def test_what_ended_after_its_silence_is_told(settings):
    """The cap kept its beginning back until then: silence is no reason to say nothing of it."""
    settings.CANVALO_ALERT_MAILS_PER_HOUR = 1
    AlertRuleFactory()
    silence(NOON, NOON + 5 * timedelta(minutes=1))
    grouped(judge([BAD] * 3))
    now = judge([BAD] * 3, first=3)
    OutboxFactory(created_at=now)
    assert grouped(now) == 0
    now = judge([GOOD] * 4, first=6)
    assert grouped(now) == 0
    assert group_due(now + HOUR) == 1
    assert Outbox.objects.first().subject == "[Canvalo] 2 alerts: 1 fired, 1 resolved"


def test_a_silence_of_one_rule_leaves_the_others():
    """Only what is known is silent."""
    quiet, _ = AlertRuleFactory(name="quiet"), AlertRuleFactory(name="loud")
    silence(NOON, NOON + HOUR, quiet)
    assert grouped(judge([BAD] * 3)) == 1
    assert "loud: " in Outbox.objects.get().subject


def test_reminders_in_a_silence_are_not_told_afterwards():
    """The alarm itself was told, and is not over."""
    rule = AlertRuleFactory(reminder_minutes=5)
    grouped(judge([BAD] * 3))
    silence(NOON, NOON + HOUR, rule)
    grouped(judge([BAD] * 10, first=3))
    assert group_due(NOON + 2 * HOUR) == 0
    assert Notice.objects.filter(event="reminder", fate="suppressed").count() == 2


def test_a_reminder_is_a_mail():
    """Twenty minutes of an alarm, reminded of every five."""
    AlertRuleFactory(reminder_minutes=5)
    now = judge([BAD] * 23)
    assert Notice.objects.filter(event="reminder").count() == 4
    assert grouped(now) == 1


def test_a_weekly_window_keeps_its_local_hour_through_the_change_of_clocks():
    """Sundays from two to four in Berlin, in winter and in summer."""
    berlin = ZoneInfo("Europe/Berlin")
    start = datetime(2026, 1, 4, 2, tzinfo=berlin)
    weekly = Quiet(1, start, start + 2 * HOUR, weekly=True)
    for month, day in ((1, 4), (1, 11), (7, 5)):
        night = datetime(2026, month, day, 2, tzinfo=berlin)
        assert weekly.holds(night.astimezone(UTC), berlin)
        assert weekly.holds(night + HOUR, berlin)
        assert not weekly.holds(night - timedelta(minutes=1), berlin)
        assert not weekly.holds(night + 2 * HOUR, berlin)
    assert not weekly.holds(start - timedelta(days=7), berlin)


def test_who_has_left_is_told_nothing_and_the_log_says_so():
    """Of one rule, or of all."""
    rule = AlertRuleFactory(recipients="alice@example.com, BOB@example.com, carol@example.com")
    Recipient.objects.create(address="alice@example.com", unsubscribed_at=NOON)
    Recipient.objects.create(address="bob@example.com").muted.add(rule)
    assert grouped(judge([BAD] * 3)) == 1
    assert Outbox.objects.get().recipient == "carol@example.com"
    assert Notice.objects.filter(fate="suppressed", why="unsubscribed").count() == 2


def test_each_reads_times_in_their_own_zone():
    """Alice in Tokyo, Bob where everything is reported."""
    AlertRuleFactory(recipients="alice@example.com, bob@example.com")
    Recipient.objects.create(address="alice@example.com", time_zone="Asia/Tokyo")
    grouped(judge([BAD] * 3))
    texts = {mail.recipient: mail.text for mail in Outbox.objects.all()}
    assert "Below since: 2026-03-01 21:01 (Asia/Tokyo)" in texts["alice@example.com"]
    assert "Below since: 2026-03-01 12:01 (UTC)" in texts["bob@example.com"]


def test_a_test_is_sent_in_a_silence_beyond_the_cap_and_at_once(settings):
    """It tries the way; what keeps alerts back does not keep it."""
    settings.CANVALO_ALERT_MAILS_PER_HOUR = 1
    silence(NOON, NOON + HOUR)
    rule = AlertRuleFactory()
    for n in range(3):
        put_trials([rule], NOON + n * timedelta(seconds=1))
    assert group_due(NOON + timedelta(seconds=3)) == 3


def test_the_log_is_kept_for_ninety_days():
    """What waits is kept, however old."""
    AlertRuleFactory()
    grouped(judge([BAD] * 3))
    Outbox.objects.update(state="sent")
    assert expire(NOON + KEPT) == 0
    assert expire(NOON + KEPT + HOUR) == 2
    assert not Outbox.objects.exists()
