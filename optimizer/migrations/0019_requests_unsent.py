"""Requests of which nothing left are counted apart from the calls."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("optimizer", "0018_alerts_transitions")]

    operations = [
        migrations.AddField(
            model_name="spanfigures",
            name="unsent",
            field=models.BigIntegerField(db_default=0, default=0),
        ),
    ]
