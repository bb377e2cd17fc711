"""A mail out of one or many tellings: plain text, HTML and JSON from the same lines. Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from optimizer.alerts.telling import Telling

SUBJECT_LIMIT = 250
MOST = 300  # in one mail
IN_FULL = 20  # cards in the HTML, the rest a line each: mail programs cut what is above some 100 kB
COLOURS = {"fired": "#b3261e", "reminder": "#b3261e", "resolved": "#1b6e3c"}
PLAIN = "#44546a"
RULE = f"\n{'-' * 60}\n"
WRAP = "overflow-wrap:anywhere;word-break:break-word"  # the second for older programs
SANS = "font-family:Helvetica,Arial,sans-serif"


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail without its address."""

    subject: str
    text: str
    html: str
    payload: dict[str, Any]


def compose(tellings: Sequence[Telling], remarks: Sequence[str], unsubscribe: str) -> Mail:
    """One mail of everything: remarks on the mail itself, the tellings, and the way out.

    What fired comes first, and of that what is critical: of a long mail the top is read.
    """
    told = sorted(tellings, key=_urgency)
    subject = _one(told[0]) if len(told) == 1 else _many(told)
    if more := told[MOST:]:
        told = told[:MOST]
        remarks = [*remarks, f"Not shown: {len(more)} more, in the admin under Alert notices."]
    return Mail(
        subject=_fitting(subject),
        text=_text(told, remarks, unsubscribe),
        html=_html(told, remarks, unsubscribe),
        payload=_payload(subject, told, remarks),
    )


def _urgency(told: Telling) -> tuple[bool, str, bool, str]:
    return told.event not in COLOURS, told.event, told.severity != "critical", told.headline


def _one(told: Telling) -> str:
    grave = f" ({told.severity})" if told.severity == "critical" else ""
    return f"{told.event.capitalize()}{grave}: {told.headline}"


def _many(told: Sequence[Telling]) -> str:
    kinds = Counter(t.event for t in told)
    counted = ", ".join(f"{number} {event}" for event, number in sorted(kinds.items()))
    critical = sum(t.severity == "critical" for t in told)
    return f"{len(told)} alerts: {counted}{f' ({critical} critical)' if critical else ''}"


def _fitting(subject: str) -> str:
    whole = " ".join(f"[Canvalo] {subject}".split())
    return whole if len(whole) <= SUBJECT_LIMIT else f"{whole[: SUBJECT_LIMIT - 1]}…"


def _text(told: Sequence[Telling], remarks: Sequence[str], unsubscribe: str) -> str:
    blocks = [_block(t, alone=len(told) == 1) for t in told]
    leave = ["-- ", f"Do not want these mails? {unsubscribe}"] if unsubscribe else []
    top = [*remarks, ""] if remarks else []
    return "\n".join([*top, RULE.join(blocks), *leave, ""])


def _block(told: Telling, *, alone: bool) -> str:
    head = told.headline if alone else f"{told.event.upper()}  {told.headline}"
    lines = [f"{name}: {value}" for name, value in told.lines]
    return "\n".join([head, "", *lines, "", f"Chart: {told.link}", ""])


def _payload(subject: str, told: Sequence[Telling], remarks: Sequence[str]) -> dict[str, Any]:
    events = [{**t.data, "chart": t.link} for t in told]
    text = "\n".join([subject, *remarks])  # what chat programs show of a webhook
    return {"version": 1, "text": text, "events": events, "remarks": list(remarks)}


def _html(told: Sequence[Telling], remarks: Sequence[str], unsubscribe: str) -> str:
    cards = "".join(_card(t) for t in told[:IN_FULL]) + _rest(told[IN_FULL:])
    notes = "".join(f'<p style="margin:0 0 12px">{escape(remark)}</p>' for remark in remarks)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"></head>'
        f'<body style="margin:0;padding:16px;background:#f2f4f7;color:#1b2430;{SANS}">'
        f'<div style="max-width:640px;margin:0 auto;font-size:14px">{notes}{cards}'
        f"{_leave(unsubscribe)}</div></body></html>"
    )


def _leave(unsubscribe: str) -> str:
    if not unsubscribe:
        return ""
    link = f'<a href="{escape(unsubscribe)}" style="color:#44546a">Unsubscribe</a>'
    style = "margin:0;font-size:13px;color:#44546a;padding:4px 2px"
    return f'<p style="{style}">Do not want these mails? {link}</p>'


def _rest(told: Sequence[Telling]) -> str:
    """A line each; their particulars are in the plain text."""
    if not told:
        return ""
    lines = "".join(
        f"<li><b>{escape(t.event.capitalize())}</b> {escape(t.headline)} "
        f'(<a href="{escape(t.link)}">chart</a>)</li>'
        for t in told
    )
    return f'<ul style="background:#fff;padding:14px 16px 14px 32px;{WRAP}">{lines}</ul>'


def _card(told: Telling) -> str:
    colour = COLOURS.get(told.event, PLAIN)
    rows = "".join(_row(name, value) for name, value in told.lines)
    return (
        f'<div style="background:#ffffff;border:1px solid #d8dee6;border-left:4px solid {colour};'
        f'padding:14px 16px;margin:0 0 12px;{WRAP}">'
        f'<p style="margin:0 0 4px;font-size:13px;font-weight:bold;color:{colour}">'
        f"{escape(told.event.capitalize())}</p>"
        f'<h1 style="font-size:17px;line-height:1.35;margin:0 0 10px">{escape(told.headline)}</h1>'
        f'<table role="presentation" style="font-size:14px;border-collapse:collapse">{rows}</table>'
        f'<p style="margin:12px 0 0;font-size:14px"><a href="{escape(told.link)}" '
        'style="color:#0b57a4">Open the chart</a></p></div>'
    )


def _row(name: str, value: str) -> str:
    return (
        '<tr><td style="padding:2px 16px 2px 0;color:#44546a;vertical-align:top;'
        f'white-space:nowrap">{escape(name)}</td>'
        f'<td style="padding:2px 0;vertical-align:top">{escape(value)}</td></tr>'
    )
