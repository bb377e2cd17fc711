"""A price sheet and what was avoided → money, honestly: marginal, or a range, or nothing. Pure.

Supabase does not bill API requests. With use U (what the bill counts, with the engine at work),
avoided A, quota Q and price p, what the engine saved is

    p * (max(0, U + A - Q) - max(0, U - Q))

that is: nothing while even without the engine the quota would hold, and p * A once the quota is
used up anyway. With U unknown it is somewhere from 0 to p * A. On the Free plan, and with the
spend cap on, nothing above the quota is billed: what is saved is headroom, not dollars.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from optimizer.domain.figure import Input

CENT = Decimal("0.01")
HOURS_A_MONTH, NOTHING = 730, Decimal(0)
FREE, PRO, TEAM = "free", "pro", "team"
FORMULA = "p * (max(0, U + A - Q) - max(0, U - Q))"
FORMULA_OPEN = "from 0 to p * A, since U is not known"


@dataclass(frozen=True, slots=True)
class Price:
    """What one item costs on one plan: so many units are included, the rest costs `usd` a `per`."""

    item: str
    unit: str  # of quota and use: "byte", "invocation", "hour"
    quota: int
    usd: Decimal
    per: int  # units; a GB is 10^9 bytes
    started: bool  # whether a part of `per` costs as much as all of it
    as_of: date
    source: str
    charged_from: date | None = None  # announced, and not charged before

    def of(self, units: int) -> Decimal:
        """The price of so many units above the quota, not rounded."""
        if self.started:
            return self.usd * -(-units // self.per)
        return self.usd * units / self.per


@dataclass(frozen=True, slots=True)
class Plan:
    """Which plan, and whether the spend cap keeps anything above the quotas from being billed."""

    name: str
    spend_cap: bool

    @property
    def bills(self) -> bool:
        """Whether use above a quota costs money; the cap exists on Pro only."""
        return self.name == TEAM or (self.name == PRO and not self.spend_cap)


@dataclass(frozen=True, slots=True)
class Line:
    """One item: what was avoided, what that is worth, and how that was worked out.

    `low` and `high` are dollars to the cent: equal where the use is known, None where the avoided
    amount is not. `share` is the avoided part of the quota, `left` what the quota still holds.
    """

    item: str
    unit: str
    avoided: int | None
    used: int | None
    quota: int
    low: Decimal | None
    high: Decimal | None
    formula: str
    inputs: tuple[Input, ...]
    note: str = ""

    @property
    def share(self) -> float | None:
        """What was avoided as a part of the quota."""
        return self.avoided / self.quota if self.avoided is not None and self.quota else None

    @property
    def left(self) -> int | None:
        """How many units the quota still holds; below zero where it is used up."""
        return None if self.used is None else self.quota - self.used


def saved(price: Price, used: int | None, avoided: int) -> tuple[Decimal, Decimal]:
    """Dollars from and to, not rounded; equal where the use is known.

    Below zero where the engine added more than it avoided.
    """
    if used is None:
        worth = price.of(avoided) if avoided >= 0 else -price.of(-avoided)
        return min(Decimal(0), worth), max(Decimal(0), worth)
    without = price.of(max(0, used + avoided - price.quota))
    exact = without - price.of(max(0, used - price.quota))
    return exact, exact


def line(
    price: Price,
    plan: Plan,
    used: int | None,
    avoided: int | None,
    on: date,
    inputs: Iterable[Input] = (),
) -> Line:
    """What one item's avoided units are worth on a plan, on a day of the billing cycle."""
    low, high, note = _worth(price, plan, used, avoided, on)
    return Line(
        item=price.item,
        unit=price.unit,
        avoided=avoided,
        used=used,
        quota=price.quota,
        low=low,
        high=high,
        formula=FORMULA_OPEN if used is None else FORMULA,
        inputs=(*_inputs(price, plan, used, avoided), *inputs),
        note=note,
    )


def _worth(
    price: Price, plan: Plan, used: int | None, avoided: int | None, on: date
) -> tuple[Decimal | None, Decimal | None, str]:
    if avoided is None:
        return None, None, "What was avoided is not known."
    nothing = Decimal("0.00")
    if not plan.bills:
        why = "The Free plan bills nothing" if plan.name == FREE else "The spend cap is on"
        return nothing, nothing, f"{why}: what is saved is headroom, not dollars."
    low, high = (cents(amount) for amount in saved(price, used, avoided))
    if price.charged_from is not None and on < price.charged_from:
        would = f"${low}" if low == high else f"${low} to ${high}"
        note = f"Not charged before {price.charged_from}; it would be {would}."
        return nothing, nothing, note
    return low, high, ""


def _inputs(price: Price, plan: Plan, used: int | None, avoided: int | None) -> Iterable[Input]:
    sheet = f"{price.source}, as of {price.as_of}"
    cap = "on" if plan.spend_cap else "off"
    yield Input("plan", f"{plan.name}, spend cap {cap}", "billing profile")
    yield Input("A, avoided", _amount(avoided, price.unit), "counted here, less what was added")
    if used is None:
        yield Input("U, used", "not known", "no usage reading of this cycle")
    yield Input("Q, quota", _amount(price.quota, price.unit), sheet)
    started = "started " if price.started else ""
    yield Input("p, price", f"${price.usd} a {started}{_amount(price.per, price.unit)}", sheet)


def _amount(units: int | None, unit: str) -> str:
    if units is None:
        return "not known"
    return f"{units:,} {unit}" + ("" if units == 1 else "s")


def cents(amount: Decimal) -> Decimal:
    """Dollars to the cent, half a cent up; nothing has no sign."""
    return amount.quantize(CENT, ROUND_HALF_UP) + 0


def hypothesis(
    hourly: Mapping[str, Decimal], size: str, avoided_share: float | None, credit: Decimal = NOTHING
) -> str:
    """What a smaller compute size would save, as an assumption in words, never as a saving.

    `hourly` is size → dollars an hour, `credit` the dollars of compute a month that the plan
    includes; an unknown size names no amount.
    """
    start = (
        "Compute is charged by the hour whatever the load, so nothing of it is counted as saved."
    )
    if avoided_share is not None and avoided_share > 0:
        start += f" {100 * avoided_share:.0f} % of the calls did not reach the database."
    smaller = _next_smaller(hourly, size)
    if smaller is None:
        return start
    month = cents(_billed(hourly[size], credit) - _billed(hourly[smaller], credit))
    return (
        f"{start} If {smaller} were enough instead of {size}, that would be ${month} a month of "
        f"{HOURS_A_MONTH} hours{_credited(credit)}; whether it is, only a trial under your load "
        "can tell."
    )


def _billed(usd_an_hour: Decimal, credit: Decimal) -> Decimal:
    """What a month of compute costs beyond the credit, which is never paid out."""
    return max(NOTHING, usd_an_hour * HOURS_A_MONTH - credit)


def _credited(credit: Decimal) -> str:
    if not credit:
        return ""
    return f", after the ${cents(credit)} that the plan credits, were no other project to use it"


def _next_smaller(hourly: Mapping[str, Decimal], size: str) -> str | None:
    if size not in hourly:
        return None
    cheaper = [name for name, usd in hourly.items() if usd < hourly[size]]
    return max(cheaper, key=lambda name: hourly[name], default=None)
