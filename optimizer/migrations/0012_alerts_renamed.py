from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("optimizer", "0011_apitoken_scope")]

    operations = [
        migrations.RemoveConstraint("alertrule", "alert_recovers_no_lower_than_it_fires"),
        migrations.RemoveConstraint("alertrule", "alert_thresholds_are_percent"),
        migrations.RenameField("alertrule", "fire_below", "fire_at"),
        migrations.RenameField("alertrule", "recover_above", "recover_at"),
    ]
