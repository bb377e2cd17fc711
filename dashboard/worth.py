"""What was saved, item by item, and how that was worked out: listings. Pure."""

from collections.abc import Sequence
from datetime import tzinfo
from decimal import Decimal
from typing import TYPE_CHECKING

from dashboard.content import Cell, Column, Listing, Note, cell
from dashboard.formats import UNKNOWN, Measure, count, percent, size
from optimizer.domain.cost import Line, Price

if TYPE_CHECKING:
    from optimizer.selectors import Calls

if TYPE_CHECKING:
    from optimizer.selectors import Calls

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
        Column("item", "Item", numeric=False, sortable=False),
        Column("avoided", "A, avoided", sortable=False),
        Column("used", "U, used", sortable=False),
        Column("quota", "Q, quota", sortable=False),
        Column("share", "A of Q", sortable=False),
        Column("left", "Left of Q", sortable=False),
        Column("low_usd", "Worth at least", sortable=False),
        Column("high_usd", "At most", sortable=False),
        Column("formula", "Worked out as", numeric=False, sortable=False, long=True),
        Column("note", "Note", numeric=False, sortable=False, long=True),
    ]
    rows = [_line(line) for line in lines]
    caption = "Marginal: what the bill would be more, had every call been sent. Inputs are below."
    return Listing("lines", "Worth, item by item", caption, columns, rows, empty=NO_PRICE)


def inputs_listing(lines: Sequence[Line], *, named: bool) -> Listing:
    """Every number that went into a figure, and where it comes from; `named`: also from whom."""
    columns = [
        Column("item", "Item", numeric=False, sortable=False),
        Column("input", "Input", numeric=False, sortable=False),
        Column("value", "Value", numeric=False, sortable=False),
        Column("source", "Source", numeric=False, sortable=False, long=True),
    ]

    def told(source: str) -> str:
        return source if named else source.partition(ENTERED)[0]

    rows = [
        [Cell(text, text) for text in (line.item, one.name, one.value, told(one.source))]
        for line in lines
        for one in line.inputs
    ]
    caption = "Where each number comes from; logs are of the ingest of one line a call."
    return Listing("inputs", "Inputs and sources", caption, columns, rows, empty=NO_PRICE)


def beside(calls: "Calls | None", zone: tzinfo) -> list[Listing | Note]:
    """Supabase's own count of calls beside ours, where it was fetched."""
    if calls is None:
        words = (
            "Supabase's own count of calls is not fetched. With SUPABASE_MANAGEMENT_TOKEN set it "
            "is asked for each hour and shown here beside ours."
        )
        return [Note("supabase-calls", "Counted by Supabase", [words])]
    columns = [
        Column("start", f"From ({zone})", numeric=False, sortable=False),
        Column("end", "To", numeric=False, sortable=False),
        Column("theirs", "Counted by Supabase", sortable=False),
        Column("ours", "Sent from here", sortable=False),
        Column("others", "By other clients", sortable=False),
    ]
    start, end = (at.astimezone(zone) for at in (calls.stretch.start, calls.stretch.end))
    row = [
        Cell(f"{start:%Y-%m-%d %H:%M}", start.isoformat()),
        Cell(f"{end:%Y-%m-%d %H:%M}", end.isoformat()),
        *(cell(count(n), n) for n in (calls.theirs, calls.ours, calls.theirs - calls.ours)),
    ]
    fetched = calls.fetched_at.astimezone(zone)
    caption = (
        f"REST calls of all clients of the project, fetched {fetched:%Y-%m-%d %H:%M}. What is more "
        "than ours came from clients that do not pass through the engine."
    )
    return [Listing("supabase-calls", "Counted by Supabase", caption, columns, [row])]


def prices_listing(sheet: Sequence[Price]) -> Listing:
    """What the plan's items cost, as of when, and who says so."""
    columns = [
        Column("item", "Item", numeric=False, sortable=False),
        Column("quota", "Included", sortable=False),
        Column("usd", "US$", sortable=False),
        Column("per", "For", sortable=False),
        Column("as_of", "As of", numeric=False, sortable=False),
        Column("charged_from", "Charged from", numeric=False, sortable=False),
        Column("source", "Source", numeric=False, sortable=False, long=True),
    ]
    caption = "The newest price of each item on this plan; a change of price is a new row."
    rows = [_price(price) for price in sheet]
    return Listing("prices", "Price sheet", caption, columns, rows, empty=NO_PRICE)


def _line(line: Line) -> list[Cell]:
    return [
        Cell(line.item, line.item),
        *(_amount(number, line.unit) for number in (line.avoided, line.used, line.quota)),
        cell(percent(line.share), line.share),
        _amount(line.left, line.unit),
        *(cell(dollars(usd, usd), _exact(usd)) for usd in (line.low, line.high)),
        Cell(line.formula, line.formula),
        Cell(line.note, line.note),
    ]


def _price(price: Price) -> list[Cell]:
    charged = f"{price.charged_from}" if price.charged_from else ""
    per = _amount(price.per, price.unit)
    started = Cell(f"started {per.text}", per.raw) if price.started else per
    return [
        Cell(price.item, price.item),
        _amount(price.quota, price.unit) if price.quota else Cell("none", 0),
        Cell(f"{price.usd:f}", _exact(price.usd)),
        started,
        Cell(f"{price.as_of}", f"{price.as_of}"),
        Cell(charged, charged or None),
        Cell(price.source, price.source),
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
