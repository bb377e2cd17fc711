"""Supabase's public prices as they were read in late 2026; a GB is 10^9 bytes."""

from datetime import date
from decimal import Decimal

from django.db import migrations

AS_OF = date(2026, 11, 25)
PRICING = "https://supabase.com/pricing"
LOGS = "https://supabase.com/changelog, announced 2026-09-25"
GB = 10**9
PAID = ("pro", "team")
HOURLY = {
    "micro": "0.01344",
    "small": "0.0206",
    "medium": "0.0822",
    "large": "0.1517",
    "xl": "0.2877",
}


def row(item, plan, unit, quota, usd, per, source=PRICING, **more):
    return {
        "item": item,
        "plan": plan,
        "unit": unit,
        "quota": quota,
        "usd": Decimal(usd),
        "per": per,
        "as_of": AS_OF,
        "source": source,
        **more,
    }


def sheet():
    """Every line; on Free nothing above a quota is billed, so its price is 0."""
    from_2027 = {"charged_from": date(2027, 1, 1)}
    yield row("egress", "free", "byte", 5 * GB, "0", GB)
    yield row("cached_egress", "free", "byte", 5 * GB, "0", GB)
    yield row("logs", "free", "byte", 5 * GB, "0", GB, LOGS, **from_2027)
    yield row("edge", "free", "invocation", 500_000, "0", 10**6, started=True)
    for plan in PAID:
        yield row("egress", plan, "byte", 250 * GB, "0.09", GB)
        yield row("cached_egress", plan, "byte", 250 * GB, "0.03", GB)
        yield row("logs", plan, "byte", 5 * GB, "0.50", GB, LOGS, **from_2027)
        yield row("edge", plan, "invocation", 2_000_000, "2", 10**6, started=True)
        for size, usd in HOURLY.items():
            yield row(f"compute:{size}", plan, "hour", 0, usd, 1)
    yield row("plan", "free", "month", 0, "0", 1)
    yield row("plan", "pro", "month", 0, "25", 1)
    yield row("plan", "team", "month", 0, "599", 1)


def seed(apps, schema_editor):
    items = apps.get_model("optimizer", "PriceItem").objects
    items.bulk_create([items.model(**line) for line in sheet()], ignore_conflicts=True)


class Migration(migrations.Migration):
    dependencies = [("optimizer", "0008_prices")]

    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]
