"""Lists the example application's tables in the admin, at the environment's TTLs."""

from django.db import migrations

TABLES = ("api.appointments", "api.contacts", "api.invoices", "api.projects")


def add(apps, schema_editor):
    settings = apps.get_model("optimizer", "TableSettings")
    for relation in TABLES:
        settings.objects.get_or_create(relation=relation)


class Migration(migrations.Migration):
    dependencies = [("optimizer", "0001_initial")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
