"""What paid plans credit of compute, as Supabase's pricing page said in late 2026."""

from datetime import date
from decimal import Decimal

from django.db import migrations

CREDIT = {
    "item": "compute_credit",
    "unit": "month",
    "usd": Decimal(10),
    "as_of": date(2026, 11, 25),
    "source": "https://supabase.com/pricing",
}


def seed(apps, schema_editor):
    items = apps.get_model("optimizer", "PriceItem").objects
    rows = [items.model(plan=plan, **CREDIT) for plan in ("pro", "team")]
    items.bulk_create(rows, ignore_conflicts=True)


class Migration(migrations.Migration):
    dependencies = [("optimizer", "0020_sums_by_step")]

    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]
