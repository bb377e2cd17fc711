"""From notices to mails: what waits for one address goes out together, or is held, or not told.

Each address is one transaction over its locked notices: whoever is killed leaves them waiting, and
of two at once the second finds them taken.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from optimizer.alerts import mails, unsubscribe, watch
from optimizer.alerts.telling import Telling, moment
from optimizer.domain.quiet import Quiet, quiet_for
from optimizer.domain.rules import Event
from optimizer.models import AlertRule, Notice, Outbox, Recipient, Silence
from optimizer.models.addresses import same, to

GROUP_WAIT = timedelta(seconds=20)  # longer than the judging of all rules usually takes
LONGEST_RUN = timedelta(minutes=2)  # of the judging: then its worker has been ended
HOUR = timedelta(hours=1)
USUAL_CAP = 10  # mails an hour to one address
HELD = "held back: the cap of mails an hour was reached"
BEHIND = "held back: an earlier mail has not arrived yet"
ENDS = (Event.RESOLVED, Event.CLOSED)
Fate = Notice.Fate


def group_due(now: datetime) -> int:
    """Put what waits into mails; how many mails."""
    waiting = Notice.objects.filter(fate=Fate.WAITING).order_by()
    addresses = {same(a) for a in waiting.values_list("recipient", flat=True).distinct()}
    if not addresses:
        return 0
    quiets, judged = _silences(now), watch.last_done(watch.EVALUATIONS)
    return sum(_group(address, quiets, judged, now) for address in sorted(addresses))


def _silences(now: datetime) -> dict[Quiet, str]:
    """Those that hold now, each with what the log says of it."""
    zone = timezone.get_default_timezone()
    may_hold = Silence.objects.filter(Q(weekly=True) | Q(ends_at__gt=now), starts_at__lte=now)
    found = may_hold.select_related("author").prefetch_related("rules")
    named = {silence.as_quiet(): str(silence)[:250] for silence in found}
    return {quiet: why for quiet, why in named.items() if quiet.holds(now, zone)}


@transaction.atomic
def _group(
    address: str, quiets: Mapping[Quiet, str], judged: datetime | None, now: datetime
) -> int:
    waiting = Notice.objects.filter(to(address), fate=Fate.WAITING)
    notices = list(waiting.select_for_update().order_by("created_at", "pk"))
    wanted = _wanted(notices, address)
    tests = [notice for notice in wanted if notice.event == Event.TEST]
    loud = _without_pairs([n for n in wanted if n not in tests and not _quieted(n, quiets)])
    written = sum(_write([test], [], now) for test in tests)
    if not loud or _more_may_come(loud, judged, now):
        return written
    recent = _sent_within_an_hour(address, now)
    if why := HELD if len(recent) >= cap() else _held_up(address):
        Notice.objects.filter(pk__in=[n.pk for n in loud]).update(why=why)
        return written
    return written + _write(loud, _remarks(loud, [*recent, now]), now)


def _held_up(address: str) -> str:
    """Why nothing is written now, if so; test mails hold up nothing.

    Behind a mail that is being retried more would pile up, and an end arrive before its beginning.
    """
    tried = Outbox.objects.filter(to(address), state=Outbox.Delivery.PENDING, attempts__gt=0)
    return BEHIND if tried.exclude(notices__event=Event.TEST).exists() else ""


def _more_may_come(loud: Sequence[Notice], judged: datetime | None, now: datetime) -> bool:
    """Whether what fires with these may still be on its way; a clock set back holds up nothing."""
    age = now - loud[0].created_at
    unfinished = judged is None or judged < loud[-1].created_at
    return timedelta(0) <= age < (LONGEST_RUN if unfinished else GROUP_WAIT)


def cap() -> int:
    """How many mails an hour one address gets at most."""
    return int(getattr(settings, "CANVALO_ALERT_MAILS_PER_HOUR", USUAL_CAP))


def _wanted(notices: Sequence[Notice], address: str) -> list[Notice]:
    """Those that the address is still to be told; the others are put aside."""
    who = Recipient.objects.filter(address=address).first()
    muted = set(who.muted.values_list("pk", flat=True)) if who else set()
    rules = AlertRule.objects.in_bulk({n.rule_id for n in notices if n.rule_id})
    wanted = []
    for notice in notices:
        rule = rules.get(notice.rule_id or 0)
        if (who and who.unsubscribed_at) or notice.rule_id in muted:
            _put_aside(notice, "unsubscribed")
        elif rule and address not in map(same, rule.addresses):
            _put_aside(notice, "no recipient of the rule any more")
        else:
            wanted.append(notice)
    return wanted


def _quieted(notice: Notice, quiets: Mapping[Quiet, str]) -> bool:
    """Whether a silence keeps the notice; a reminder is not told afterwards either."""
    quiet = quiet_for(notice.rule_id, quiets)
    if quiet is None:
        return False
    why = quiets[quiet]
    if notice.event == Event.REMINDED:
        return _put_aside(notice, why)
    if not notice.quieted or notice.why != why:
        Notice.objects.filter(pk=notice.pk).update(quieted=True, why=why)
    return True


def _without_pairs(notices: Sequence[Notice]) -> list[Notice]:
    """Without alarms that began and ended within a silence: nobody need know."""
    ended = {_alarm(n) for n in notices if n.event in ENDS and n.quieted}
    gone = {_alarm(n) for n in notices if n.event == Event.FIRED and n.quieted} & ended
    for notice in notices:
        if _alarm(notice) in gone:
            _put_aside(notice, "began and ended within a silence")
    return [notice for notice in notices if _alarm(notice) not in gone]


def _alarm(notice: Notice) -> tuple[int | None, str]:
    return notice.rule_id, notice.told["data"]["since"]


def _put_aside(notice: Notice, why: str) -> bool:
    Notice.objects.filter(pk=notice.pk).update(fate=Fate.SUPPRESSED, why=why)
    return True


def _sent_within_an_hour(address: str, now: datetime) -> list[datetime]:
    """When mails to the address were written, the oldest first; tests do not count."""
    recent = Outbox.objects.filter(to(address), created_at__gt=now - HOUR, created_at__lte=now)
    alerts = recent.exclude(notices__event=Event.TEST).order_by("created_at")
    return list(alerts.values_list("created_at", flat=True))


def _write(notices: Sequence[Notice], remarks: Sequence[str], now: datetime) -> int:
    first = notices[0]
    tellings = [Telling.from_json(notice.told) for notice in notices]
    mail = mails.compose(tellings, remarks, unsubscribe.link(first.recipient))
    rules = {notice.rule_id for notice in notices}
    row = Outbox.objects.create(
        key=sha256("\n".join(notice.key for notice in notices).encode()).hexdigest(),
        rule_id=rules.pop() if len(rules) == 1 else None,
        recipient=first.recipient,
        subject=mail.subject,
        text=mail.text,
        html=mail.html,
        payload=mail.payload,
        next_attempt_at=now,
        created_at=now,
    )
    taken = Notice.objects.filter(pk__in=[notice.pk for notice in notices])
    taken.update(fate=Fate.MAILED, why="", mail=row)
    return 1


def _remarks(notices: Sequence[Notice], written: Sequence[datetime]) -> list[str]:
    """What the reader should know about the mail itself; `written` are those of the hour."""
    who = Recipient.objects.filter(address=same(notices[0].recipient)).first()
    zone = (who and who.zone) or timezone.get_default_timezone()
    silent = sum(notice.quieted for notice in notices)
    reasons = {HELD: f"the cap of {cap()} mails an hour", BEHIND: "an earlier mail was held up"}
    said = []
    for why, words in reasons.items():
        held = [notice.created_at for notice in notices if notice.why == why]
        if held:
            said.append(f"Held back since {moment(min(held), zone)}: {len(held)}, for {words}.")
    if len(written) >= cap():
        until = moment(written[-cap()] + HOUR, zone)
        said.append(
            f"This is mail {cap()} of {cap()} in an hour: what follows waits until {until}."
        )
    if silent:
        said.append(f"Held back by a silence that has ended: {silent}.")
    return said
