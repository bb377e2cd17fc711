"""Where the alert rules stand, what fired and when, who is quiet, and what became of the mails."""

from collections.abc import Sequence

from django.urls import reverse

from dashboard.alarms import mails_listing, rules_listing, silences_listing, words
from dashboard.content import Content, Note, Section, Tile, tile
from dashboard.formats import Measure, age, count
from dashboard.page import RANGE, Page, Scene
from dashboard.timelines import Held, Timeline
from optimizer import selectors
from optimizer.domain.rules import Phase

LOOKS = {
    "pending": "pale-error",
    "firing": "error",
    "recovering": "pale-error",
    "cannot be judged": "bypass",
    "no data": "unknown",
}
ABOUT = (
    "A rule watches a figure, such as the hit rate of a table, and tells by mail or webhook when "
    "it stays beyond a threshold, and when it is back. Its preview shows how often it would have "
    "fired in the last week."
)
LINKS = (
    ("Add a rule", "admin:optimizer_alertrule_add"),
    ("Change rules", "admin:optimizer_alertrule_changelist"),
    ("Add a silence", "admin:optimizer_silence_add"),
    ("Look through mails", "admin:optimizer_outbox_changelist"),
    ("Who is told what", "admin:optimizer_notice_changelist"),
)


def build(scene: Scene) -> Content:
    """Read the rules, their history in the range, the silences and the log."""
    return alerts(
        scene,
        selectors.standings(),
        selectors.phases(scene.wanted.start, scene.wanted.end),
        selectors.silences(scene.wanted.start, scene.now),
        selectors.delivery(),
    )


def alerts(
    scene: Scene,
    rules: Sequence[selectors.Standing],
    history: Sequence[selectors.PhaseSpan],
    silences: Sequence[selectors.Quieted],
    delivery: selectors.Delivery,
) -> Content:
    """The page; addresses and servers' words are for those who may change the rules."""
    sections: list[Section] = [
        rules_listing(scene, rules),
        timeline(scene, rules, history),
        silences_listing(scene, silences),
        mails_listing(scene, delivery),
        about(scene),
    ]
    return Content(tiles=tiles(scene, rules, silences, delivery), sections=sections)


def tiles(
    scene: Scene,
    rules: Sequence[selectors.Standing],
    silences: Sequence[selectors.Quieted],
    delivery: selectors.Delivery,
) -> list[Tile]:
    """What fires, and whether anybody hears of it."""
    firing = [rule.name for rule in rules if rule.fires]
    named = ", ".join(firing[:2]) + (" and others" if firing[2:] else "")
    blind = sum(rule.phase in (Phase.ERROR, Phase.NO_DATA) for rule in rules)
    judged = sum(rule.enabled for rule in rules)
    quiet = sum(one.holds for one in silences)
    ran = None if delivery.ran is None else scene.now - delivery.ran
    looked = "nobody looked yet" if ran is None else f"looked after {age(ran)} ago"
    waiting = Measure(count(delivery.pending + delivery.held))
    return [
        tile("firing", "Alarms open", Measure(count(len(firing))), named or "none"),
        tile("rules", "Rules judged", Measure(count(judged)), f"of {count(len(rules))}"),
        tile("blind", "Without a figure", Measure(count(blind)), "no data, or it cannot be read"),
        tile("silences", "Silences now", Measure(count(quiet)), "their rules tell nothing"),
        tile("waiting", "Mails waiting", waiting, looked),
        tile("dead", "Mails given up", Measure(count(delivery.dead)), _sent(delivery)),
    ]


def timeline(
    scene: Scene, rules: Sequence[selectors.Standing], history: Sequence[selectors.PhaseSpan]
) -> Timeline:
    """When each rule stood where."""
    return Timeline(
        id="history",
        title="What fired, and when",
        caption="Each change of a rule's state. Where nothing is drawn, all was well or not noted.",
        wanted=scene.wanted,
        names=[rule.name for rule in rules],
        held=[Held(one.rule, words(one.phase), one.start, one.end) for one in history],
        looks=LOOKS,
        now=scene.now,
    )


def about(scene: Scene) -> Note:
    """What a rule is, and where it is made."""
    links = [(said, reverse(name)) for said, name in LINKS] if scene.may_change else []
    return Note("about", "Rules, silences and mails", [ABOUT], links)


def _sent(delivery: selectors.Delivery) -> str:
    return f"after all attempts; {count(delivery.sent)} sent"


def version(scene: Scene) -> object:
    """All but the history, which changes with the rules' state."""
    quiet = selectors.silences(scene.wanted.start, scene.now)
    return scene.asked.sort, selectors.standings(), quiet, selectors.delivery()


PAGE = Page(
    "alerts",
    "Alerts",
    "alerts/",
    build,
    controls=(RANGE,),
    ranges=("24h", "7d", "30d", "90d"),
    version=version,
    says="Each rule is judged twice a minute on the stored minutes. History and mails are kept for "
    "90 days. A silence keeps quiet, but the rules are judged all the same.",
)
