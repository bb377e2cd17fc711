"""Outcomes of faults are phrases ("repeated: broken off"), longer than what a read's outcome is."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("optimizer", "0013_alerts_trusted")]

    operations = [
        migrations.AlterField(model, "outcome", models.TextField())
        for model in ("minutetally", "spantally", "lifetime")
    ]
