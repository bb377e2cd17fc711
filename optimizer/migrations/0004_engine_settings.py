from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("optimizer", "0003_alerts")]

    operations = [
        migrations.CreateModel(
            name="EngineSetting",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        help_text="A variable without its `OPTIMIZATION_`, in lower case.",
                        max_length=60,
                        unique=True,
                    ),
                ),
                (
                    "value",
                    models.CharField(help_text="As the variable would have it.", max_length=200),
                ),
                ("updated_at", models.DateTimeField(auto_now=True)),
            ],
            options={"ordering": ["name"]},
        ),
    ]
