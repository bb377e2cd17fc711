"""Rules, silences and mails in listings. Pure."""

from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING

from django.urls import reverse

from dashboard.content import Cell, Column, Listing, cell, link, text_cell
from dashboard.formats import count
from dashboard.page import Scene
from optimizer.domain.measures import figure, subject, threshold
from optimizer.domain.rules import Phase

if TYPE_CHECKING:
    from optimizer.selectors import Delivery, Mail, Quieted, Standing

STATES = {"pending": "waiting", "sent": "sent", "dead": "given up"}


def rules_listing(scene: Scene, rules: Sequence["Standing"]) -> Listing:
    """Every rule with its state now, those with an open alarm first."""
    columns = [
        Column("rule", "Rule", numeric=False, long=True),
        Column("state", "Stands at", numeric=False),
        Column("since", f"Since ({scene.zone})", numeric=False),
        Column("watches", "Watches", numeric=False, long=True),
        Column("value", "Last value"),
        Column("samples", "Samples"),
        Column("fires", "Fires, and is over at", numeric=False, long=True),
        Column("severity", "Severity", numeric=False),
        Column("told", "Told", numeric=True),
    ]
    rows = [_rule(scene, rule) for rule in rules]
    caption = "Told: to how many addresses. An alarm stays open until its figure was good for long."
    empty = "There is no rule yet."
    return Listing("rules", "Rules", caption, columns, rows, sort=scene.asked.sort, empty=empty)


def silences_listing(scene: Scene, silences: Sequence["Quieted"]) -> Listing:
    """Who wants to hear nothing, of what, and until when."""
    columns = [
        Column("reason", "Reason", numeric=False, long=True),
        Column("kind", "Kind", numeric=False),
        Column("now", "Now", numeric=False),
        Column("rules", "Rules", numeric=False, long=True),
        Column("starts", f"From ({scene.zone})", numeric=False),
        Column("ends", "To", numeric=False),
        Column("weekly", "Again", numeric=False),
        Column("by", "By", numeric=False),
    ]
    rows = [_silence(scene, one) for one in silences]
    caption = "Those that hold, are still to come, or ended in this range."
    empty = "No silence in this range: every alarm is told."
    return Listing("silences", "Silences", caption, columns, rows, empty=empty)


def mails_listing(scene: Scene, delivery: "Delivery") -> Listing:
    """The newest mails; to whom, and what the server said, for those who may change the rules."""
    columns = [
        Column("written", f"Written ({scene.zone})", numeric=False),
        Column("subject", "Says", numeric=False, long=True),
        Column("state", "State", numeric=False),
        Column("attempts", "Attempts"),
        Column("next", "Next attempt, or sent", numeric=False),
    ]
    if scene.may_change:
        columns.append(Column("recipient", "To", numeric=False, long=True))
        columns.append(Column("error", "Last error", numeric=False, long=True))
    rows = [_mail(scene, mail) for mail in delivery.newest]
    caption = f"The newest, of whatever range; {count(delivery.held)} more notices wait to be told."
    empty = "No mail was written yet."
    return Listing("mails", "Delivery log", caption, columns, rows, empty=empty)


def words(phase: Phase) -> str:
    """A phase as people say it."""
    return {Phase.ERROR: "cannot be judged", Phase.NO_DATA: "no data"}.get(phase, str(phase))


def _rule(scene: Scene, rule: "Standing") -> list[Cell]:
    name = text_cell(rule.name)
    if scene.may_change:
        name = link(rule.name, reverse("admin:optimizer_alertrule_change", args=[rule.pk]))
    value = figure(rule.metric, rule.value)
    fires = (
        f"{rule.direction} {threshold(rule.metric, rule.fire_at)} for {rule.for_minutes} min, "
        f"over at {threshold(rule.metric, rule.recover_at)}"
    )
    watches = f"{subject(rule.metric, rule.relation)}, over {rule.window_minutes} min"
    return [
        name,
        _state(scene, rule),
        _moment(rule.since, scene.zone),
        text_cell(watches),
        cell(value, rule.value),
        cell(count(rule.samples), rule.samples),
        text_cell(fires),
        text_cell(rule.severity),
        cell(count(rule.told), rule.told),
    ]


def _state(scene: Scene, rule: "Standing") -> Cell:
    if not rule.enabled:
        return text_cell("off")
    if rule.phase is None:
        return text_cell("not judged yet")
    said = words(rule.phase)
    if rule.alarm_since is not None and rule.phase is not Phase.FIRING:
        said += ", alarm open"
    if rule.error and scene.may_change:
        said += f": {rule.error}"
    return Cell(said, said, colour="error" if rule.fires else "")


def _silence(scene: Scene, one: "Quieted") -> list[Cell]:
    now = "holds" if one.holds else "to come" if one.starts > scene.now or one.weekly else "over"
    rules = "all rules" if one.rules is None else ", ".join(one.rules) or "none any more"
    reason, by = text_cell(one.reason), "" if scene.shared else one.by
    if scene.may_change:
        reason = link(one.reason, reverse("admin:optimizer_silence_change", args=[one.pk]))
    return [
        reason,
        text_cell(one.kind),
        text_cell(now),
        text_cell(rules),
        _moment(one.starts, scene.zone),
        _moment(one.ends, scene.zone),
        Cell("weekly" if one.weekly else "", "weekly" if one.weekly else None),
        text_cell(by),
    ]


def _mail(scene: Scene, mail: "Mail") -> list[Cell]:
    state = STATES.get(mail.state, mail.state)
    soon = None if mail.state == "dead" else mail.sent or mail.next_attempt
    cells = [
        _moment(mail.created, scene.zone),
        text_cell(mail.subject),
        Cell(state, mail.state, colour="error" if mail.state == "dead" else ""),
        cell(count(mail.attempts), mail.attempts),
        _moment(soon, scene.zone),
    ]
    if scene.may_change:
        cells += [text_cell(mail.recipient), text_cell(mail.error)]
    return cells


def _moment(at: datetime | None, zone: tzinfo) -> Cell:
    if at is None:
        return Cell("")
    local = at.astimezone(zone)
    return Cell(f"{local:%Y-%m-%d %H:%M}", local.isoformat(timespec="seconds"))
