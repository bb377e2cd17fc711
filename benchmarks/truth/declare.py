"""Declares the `strict` tables, as an operator does in the admin; a process of its own."""

import django

from benchmarks.truth import tables
from benchmarks.truth.history import Mode


def main() -> None:
    """Store a settings row for each `strict` table."""
    django.setup()
    from optimizer import policies
    from optimizer.models import TableSettings

    for name in tables.names(Mode.STRICT):
        policies.save(TableSettings(relation=f"api.{name}", strict=True), None)


if __name__ == "__main__":
    main()
