"""What a caller sends to make a row of each table."""

from datetime import UTC, datetime, timedelta

import factory


class ContactFactory(factory.DictFactory):
    """A customer."""

    name = factory.Sequence(lambda n: f"Ada Lovelace {n}")
    email = factory.LazyAttribute(lambda o: f"{o.name.lower().replace(' ', '.')}@example.com")
    contact_type = "customer"


class ProjectFactory(factory.DictFactory):
    """An active project with a budget."""

    name = factory.Sequence(lambda n: f"Engine {n}")
    status = "active"
    budget = "1250.50"
    starts_on = "2026-03-01"
    details = factory.Dict({"priority": 1, "tags": factory.List(["red"])})


class InvoiceFactory(factory.DictFactory):
    """A draft; it needs the contact whom it is for."""

    number = factory.Sequence(lambda n: f"TEST-{n:05}")
    amount = "99.90"
    status = "draft"


class AppointmentFactory(factory.DictFactory):
    """An hour in the future."""

    title = factory.Sequence(lambda n: f"Review {n}")
    starts_at = factory.Sequence(
        lambda n: (datetime(2030, 1, 1, 9, tzinfo=UTC) + timedelta(hours=n)).isoformat()
    )
    ends_at = factory.LazyAttribute(
        lambda o: (datetime.fromisoformat(o.starts_at) + timedelta(hours=1)).isoformat()
    )
    attendees = factory.List(["Ada", 'Ben "the" Baker'])
