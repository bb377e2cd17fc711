"""Lists the example application's tables in the admin, at the environment's TTLs.

Where a policy or a view reads other tables, they are declared as its sources.
"""

from django.db import migrations

SOURCES = {
    "api.appointments": "",
    "api.contacts": "",
    "api.invoices": "",
    "api.open_invoices": "api.invoices",
    "api.organisations": "api.memberships",
    "api.projects": "api.memberships",
}


def add(apps, schema_editor):
    settings = apps.get_model("optimizer", "TableSettings")
    for relation, sources in SOURCES.items():
        settings.objects.get_or_create(relation=relation, defaults={"sources": sources})


class Migration(migrations.Migration):
    dependencies = [("optimizer", "0001_initial")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
