"""Long ranges of one step are found by an index: pages read some steps of many spans.

Made without a lock that writers wait for. Where it is interrupted, drop the index, which is left
invalid, and migrate again (docs/deployment.md).
"""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("optimizer", "0019_requests_unsent")]

    operations = [
        AddIndexConcurrently(
            "spantally", models.Index(fields=["grain", "step", "start"], name="sums_by_step")
        ),
    ]
