"""What was saved, item by item, and how that was worked out: listings. Pure."""

from collections.abc import Sequence
from datetime import tzinfo
from decimal import Decimal
from typing import TYPE_CHECKING

from dashboard.content import Cell, Column, Listing, cell, text_cell
from dashboard.formats import UNKNOWN, Measure, count, percent, size
from optimizer.domain.cost import Line, Price
from optimizer.domain.figure import Figure, QuotaEnd

if TYPE_CHECKING:
    from optimizer.selectors import Cost

NO_PRICE = "No price of this plan is known: add prices in the admin."
ENTERED = ", entered by "
UNITS = {"byte": "bytes", "invocation": "invocations", "hour": "hours", "month": "months"}


def worth(lines: Sequence[Line]) -> tuple[Decimal | None, Decimal | None]:
    """From and to, of all items of which it is known."""
    low = [line.low for line in lines if line.low is not None]
    high = [line.high for line in lines if line.high is not None]
    return (sum(low, Decimal(0)), sum(high, Decimal(0))) if low else (None, None)


def dollars(low: Decimal | None, high: Decimal | None) -> Measure:
    """An amount, or a range of them."""
    if low is None or high is None:
        return Measure(UNKNOWN)
    return Measure(f"{low:,.2f}" if low == high else f"{low:,.2f} to {high:,.2f}", "US$")


def lines_listing(lines: Sequence[Line]) -> Listing:
    """What each item's avoided units are worth, with its formula."""
    columns = [
        Column("item", "Item", numeric=False),
        Column("avoided", "A, avoided"),
        Column("used", "U, used"),
        Column("quota", "Q, quota"),
        Column("share", "A of Q"),
        Column("left", "Left of Q"),
        Column("low_usd", "Worth at least"),
        Column("high_usd", "At most"),
        Column("formula", "Worked out as", numeric=False, long=True),
        Column("note", "Note", numeric=False, long=True),
    ]
    rows = [_line(line) for line in lines]
    caption = "Marginal: what the bill would be more, had every call been sent. Inputs are below."
    return Listing("lines", "Worth, item by item", caption, columns, rows, empty=NO_PRICE)


def workings_listing(found: "Cost", zone: tzinfo) -> Listing:
    """What was counted and when quotas end, each with its formula."""
    columns = [
        Column("figure", "Figure", numeric=False),
        Column("value", "Value", numeric=False),
        Column("formula", "Worked out as", numeric=False, long=True),
    ]
    rows = [[_named(one), _value(one), text_cell(one.formula)] for one in found.figures]
    rows += [
        [text_cell(_end(one)), _reached(one, zone), text_cell(one.formula)] for one in found.quotas
    ]
    caption = "What was counted since the cycle began, and when a quota ends if it goes on so."
    return Listing("workings", "Counted and forecast", caption, columns, rows)


def inputs_listing(found: "Cost", *, named: bool) -> Listing:
    """Every number that went into a figure, and where it comes from; `named`: also from whom."""
    columns = [
        Column("figure", "Of", numeric=False),
        Column("input", "Input", numeric=False),
        Column("value", "Value", numeric=False),
        Column("source", "Source", numeric=False, long=True),
    ]
    of = [
        *((line.item, line.inputs) for line in found.lines),
        *((one.name.replace("_", " "), one.inputs) for one in found.figures),
        *((_end(one), one.inputs) for one in found.quotas),
    ]

    def told(source: str) -> str:
        return source if named else source.partition(ENTERED)[0]

    rows = [
        [text_cell(text) for text in (name, one.name, one.value, told(one.source))]
        for name, inputs in of
        for one in inputs
    ]
    caption = "Where each number comes from; logs are of the ingest of one line a call."
    return Listing("inputs", "Inputs and sources", caption, columns, rows, empty=NO_PRICE)


def prices_listing(sheet: Sequence[Price]) -> Listing:
    """What the plan's items cost, as of when, and who says so."""
    columns = [
        Column("item", "Item", numeric=False),
        Column("quota", "Included"),
        Column("usd", "US$"),
        Column("per", "For"),
        Column("as_of", "As of", numeric=False),
        Column("charged_from", "Charged from", numeric=False),
        Column("source", "Source", numeric=False, long=True),
    ]
    caption = "The newest price of each item on this plan; a change of price is a new row."
    rows = [_price(price) for price in sheet]
    return Listing("prices", "Price sheet", caption, columns, rows, empty=NO_PRICE)


def _line(line: Line) -> list[Cell]:
    return [
        text_cell(line.item),
        *(_amount(number, line.unit) for number in (line.avoided, line.used, line.quota)),
        cell(percent(line.share), line.share),
        _amount(line.left, line.unit),
        *(cell(dollars(usd, usd), _exact(usd)) for usd in (line.low, line.high)),
        text_cell(line.formula),
        text_cell(line.note),
    ]


def _end(one: QuotaEnd) -> str:
    return f"{one.item} quota ends"


def _reached(one: QuotaEnd, zone: tzinfo) -> Cell:
    if one.reached is None:
        return Cell("not in this cycle")
    return Cell(f"{one.reached.astimezone(zone):%Y-%m-%d}", one.reached.isoformat())


def _named(one: Figure) -> Cell:
    return Cell(one.name.replace("_", " "), one.name)


def _value(one: Figure) -> Cell:
    if isinstance(one.value, int):
        said = size(one.value) if one.unit == "byte" else Measure(count(one.value))
        return cell(said, one.value)
    return cell(percent(one.value), one.value)


def _price(price: Price) -> list[Cell]:
    charged = f"{price.charged_from}" if price.charged_from else ""
    per = _amount(price.per, price.unit)
    started = Cell(f"started {per.text}", per.raw) if price.started else per
    return [
        text_cell(price.item),
        _amount(price.quota, price.unit) if price.quota else Cell("none", 0),
        Cell(f"{price.usd:f}", _exact(price.usd)),
        started,
        text_cell(f"{price.as_of}"),
        Cell(charged, charged or None),
        text_cell(price.source),
    ]


def _amount(number: int | None, unit: str) -> Cell:
    if unit == "byte":
        return cell(size(number), number)
    if number is None:
        return Cell(UNKNOWN)
    said = unit if number == 1 else UNITS.get(unit, unit)
    return cell(f"{count(number)} {said}", number)


def _exact(usd: Decimal | None) -> str | None:
    """Dollars as text, so that no cent is rounded twice."""
    return None if usd is None else f"{usd:f}"
