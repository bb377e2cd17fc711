"""API tokens have a scope; those that there are read the statistics, as before."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("optimizer", "0010_declarations")]

    operations = [
        migrations.AddField(
            model_name="apitoken",
            name="scope",
            field=models.CharField(
                choices=[("stats", "the statistics"), ("metrics", "figures for Prometheus")],
                default="stats",
                editable=False,
                max_length=20,
            ),
        ),
    ]
