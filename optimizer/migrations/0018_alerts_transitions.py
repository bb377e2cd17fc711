"""The history of where each alert rule stood."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("optimizer", "0017_alerts_forecast"),
    ]

    operations = [
        migrations.CreateModel(
            name="AlertTransition",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField(db_index=True)),
                (
                    "phase",
                    models.CharField(
                        choices=[
                            ("ok", "ok"),
                            ("pending", "pending"),
                            ("firing", "firing"),
                            ("recovering", "recovering"),
                            ("no_data", "no data"),
                            ("error", "error"),
                        ],
                        max_length=12,
                    ),
                ),
                (
                    "rule",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="transitions",
                        to="optimizer.alertrule",
                    ),
                ),
            ],
            options={
                "ordering": ["-at"],
                "default_permissions": ("view",),
            },
        ),
    ]
