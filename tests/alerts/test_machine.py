"""Whatever happens: every turn reaches its reader, once, or visibly more often.

Random series, gaps, late data, rule edits, two evaluators and two senders at once, servers that
refuse, and each process killed before any of its statements.
"""

from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from optimizer.alerts.deliver import deliver_due
from optimizer.alerts.evaluate import evaluate_all
from optimizer.alerts.grouping import group_due
from optimizer.models import (
    AlertRule,
    AlertState,
    Attempt,
    MinuteTally,
    Notice,
    Outbox,
    SnapshotRun,
)
from tests.alerts.factories import AlertRuleFactory, minute_at, stored_at, traffic
from tests.alerts.killing import killed_at, overtaken_at

statements = st.integers(0, 30)
levels = st.sampled_from([2, 2, 2, 5, 6, 9, 9])  # hits of ten
FINAL = timedelta(hours=1)


class Alerts(RuleBasedStateMachine):
    """A rule, its traffic, and processes that come and go."""

    server = None

    def __init__(self):
        super().__init__()
        for model in (Notice, Outbox, AlertRule, MinuteTally, SnapshotRun):
            model.objects.all().delete()
        self.server.taken.clear()
        self.server.replies.clear()
        self.minute = 0
        self.rule = AlertRuleFactory(for_minutes=1, reminder_minutes=10)

    @property
    def now(self):
        """When the newest minute has just been stored."""
        return stored_at(self.minute)

    def judge(self):
        """One run of the evaluator."""
        evaluate_all(self.now)

    def judge_to_the_death(self, at):
        """Judge one bad minute more and die at this statement; whether it came to that."""
        self.minute += 1
        traffic(self.minute, 2, 8)
        return killed_at(at, self.judge)

    def send(self):
        """One run of the sender."""
        group_due(self.now)
        deliver_due(lambda: self.now)

    @rule(hits=levels, minutes=st.integers(1, 4))
    def traffic(self, hits, minutes):
        """Some minutes pass, each is judged."""
        for _ in range(minutes):
            self.minute += 1
            traffic(self.minute, hits, 10 - hits)
            self.judge()

    @rule(minutes=st.integers(1, 6))
    def gap(self, minutes):
        """Nothing is stored for a while."""
        self.minute += minutes
        self.judge()

    @rule(hits=levels, back=st.integers(1, 5))
    def late_data(self, hits, back):
        """An earlier minute turns out to have counted more."""
        rows = MinuteTally.objects.filter(minute=minute_at(self.minute - back), outcome="hit")
        rows.update(count=100 * hits)
        self.judge()

    @rule(fire=st.sampled_from([40, 60, 80]), hold=st.integers(1, 3))
    def edit_terms(self, fire, hold):
        """Somebody moves the thresholds."""
        AlertRule.objects.update(fire_at=fire, recover_at=fire + 10, for_minutes=hold)

    @rule(relation=st.sampled_from(["api.contacts", ""]))
    def edit_relation(self, relation):
        """Somebody lets the rule watch something else."""
        AlertRule.objects.update(relation=relation)

    @rule(on=st.booleans())
    def switch(self, on):
        """Somebody switches the rule off, or on again."""
        AlertRule.objects.update(enabled=on)
        self.judge()

    @rule(back=st.integers(1, 90))
    def clock_is_set_back(self, back):
        """For one run of everything, by minutes or more than an hour."""
        now = stored_at(self.minute - back)
        evaluate_all(now)
        group_due(now)
        deliver_due(lambda: now)

    @rule(at=statements)
    def evaluator_dies(self, at):
        """Before any of its statements."""
        self.judge_to_the_death(at)

    @rule(at=statements, hits=levels)
    def two_evaluators(self, at, hits):
        """One is overtaken by another, which finds the same figures."""
        self.minute += 1
        traffic(self.minute, hits, 10 - hits)
        overtaken_at(at, self.judge, self.judge)

    @rule(at=statements)
    def sender_dies(self, at):
        """Before any of its statements: before or after the server took the mail."""
        self.minute += 1
        killed_at(at, self.send)

    @rule(at=statements)
    def two_senders(self, at):
        """Both find the same to do."""
        self.minute += 1
        overtaken_at(at, self.send, self.send)

    @rule(reply=st.sampled_from(["451 greylisted", "421 busy", "450 later"]))
    def server_refuses(self, reply):
        """For now."""
        self.server.replies.append(reply)

    @rule()
    def sender_runs(self):
        """As it does each half minute."""
        self.minute += 1
        self.send()

    @invariant()
    def what_the_state_says_has_been_written_to_tell(self):
        """Each alarm that was opened or closed has its notice, and none has two."""
        state = AlertState.objects.first()
        events = [n.event for n in Notice.objects.order_by("pk") if n.event != "reminder"]
        is_open = state is not None and state.alarm_since is not None
        turns = ["fired" if n % 2 == 0 else "ended" for n in range(len(events))]
        assert ["fired" if event == "fired" else "ended" for event in events] == turns
        assert len(events) % 2 == is_open

    def teardown(self):
        """In the end everything arrived: once, or as often as the log says it may have."""
        self.server.replies.clear()
        for hour in range(1, 14):
            group_due(self.now + hour * FINAL)
            deliver_due(lambda hour=hour: self.now + hour * FINAL)
        assert not Notice.objects.exclude(fate="mailed").exists()
        assert not Outbox.objects.exclude(state="sent").exists()
        arrived = Counter(mail["Message-ID"][1:33] for mail in self.server.taken)
        assert set(arrived) == {mail.key[:32] for mail in Outbox.objects.all()}
        for mail in Outbox.objects.all():
            lost = mail.log.filter(outcome=Attempt.Outcome.LOST).count()
            assert 1 <= arrived[mail.key[:32]] <= 1 + lost


def search(server, examples, steps):
    """Look for a history that breaks what is promised."""
    Alerts.server = server
    run_state_machine_as_test(
        Alerts,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.django_db(transaction=True)
def test_killed_before_any_statement_at_all_each_turn_arrives(mail_server):
    """Judging, grouping and sending die at each of their statements in turn."""
    Alerts.server, deaths = mail_server, 0
    for statement in range(40):
        history = Alerts()
        history.traffic(2, 1)
        deaths += history.judge_to_the_death(statement)  # in this minute it fires
        history.what_the_state_says_has_been_written_to_tell()
        history.judge()
        deaths += killed_at(statement, history.send)
        history.traffic(2, 2)
        deaths += killed_at(statement, history.send)
        history.what_the_state_says_has_been_written_to_tell()
        history.teardown()
        assert mail_server.taken
    assert 30 < deaths < 120  # some of them came to their end


@pytest.mark.django_db(transaction=True)
def test_no_short_history_loses_or_doubles_a_turn(mail_server):
    """A glance, at each run of the tests."""
    search(mail_server, 12, 20)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_no_long_history_does_either(mail_server):
    """Minutes of it."""
    search(mail_server, 25, 40)
