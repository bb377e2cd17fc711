"""The agent functions of all four tables: their user's rows only, checked, cached, never stale."""

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from canvalo.crm import tools
from canvalo.devstack.tokens import USERS
from tests.crm.factories import (
    AppointmentFactory,
    ContactFactory,
    InvoiceFactory,
    ProjectFactory,
)

CAROL, BOB = USERS["carol"], USERS["bob"]


@dataclass(frozen=True)
class Kit:
    """The tools of one table, and what a row of it can be given, narrowed by and changed to."""

    one: str
    row: Callable[[], dict[str, Any]]
    narrow: dict[str, str]
    change: dict[str, str]
    wrong: dict[str, str]

    def __getattr__(self, verb: str) -> Any:
        many = verb == "get" or verb.startswith("batch_")
        return getattr(tools, f"{verb}_{self.one}{'s' if many else ''}")


KITS = [
    Kit(
        "contact",
        lambda: ContactFactory(contact_type="partner"),
        {"contact_type": "partner"},
        {"notes": "changed"},
        {"contact_type": "enemy"},
    ),
    Kit(
        "project",
        lambda: _without(ProjectFactory(status="paused"), "details"),
        {"status": "paused"},
        {"name": "changed"},
        {"status": "forgotten"},
    ),
    Kit(
        "invoice",
        lambda: InvoiceFactory(status="void", number=f"T-{uuid.uuid4()}"),
        {"status": "void"},
        {"due_on": "2031-02-03"},
        {"amount": "much"},
    ),
    Kit(
        "appointment",
        lambda: _without(AppointmentFactory(starts_at="2030-01-01T09:00:00+00:00"), "attendees"),
        {},
        {"location": "changed"},
        {"starts_at": "tomorrow"},
    ),
]


def _without(row: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key != name}


@pytest.fixture(params=KITS, ids=lambda kit: kit.one)
def kit(request, engine):
    """The tools of one table over a running engine."""
    return request.param


@pytest.fixture
async def contact(engine):
    """A contact of carol's of this test's own, which an invoice needs and a list is narrowed by."""
    made = await tools.create_contact(CAROL, "Somebody to bill")
    yield made["id"]
    await tools.delete_contact(CAROL, made["id"])


@pytest.fixture
def row(kit, contact):
    """Makes rows of the table that differ from each other."""

    def make() -> dict[str, Any]:
        of_contact = {"contact_id": contact} if kit.one in ("invoice", "appointment") else {}
        return {**kit.row(), **of_contact}

    return make


@pytest.fixture
async def made(kit, row):
    """Two rows of carol's, stored by the batch tool; what is left of them is deleted."""
    result = await kit.batch_create(CAROL, json.dumps([row(), row()]))
    ids = [outcome["row"]["id"] for outcome in result["outcomes"]]
    yield ids
    await kit.batch_delete(CAROL, json.dumps(ids))


@pytest.fixture
def listed(kit, contact):
    """The rows of a user that concern this test, as the table's list shows them."""
    of_contact = {"contact_id": contact} if kit.one in ("invoice", "appointment") else {}

    async def listed_by(user: str) -> dict[str, dict[str, Any]]:
        return {found["id"]: found for found in await kit.get(user, **kit.narrow, **of_contact)}

    return listed_by


@pytest.fixture
def sent(engine, monkeypatch):
    """The requests that leave for Supabase."""
    asked = []
    send = engine.transport.inner.handle_async_request

    async def counted(request):
        asked.append(request)
        return await send(request)

    monkeypatch.setattr(engine.transport.inner, "handle_async_request", counted)
    return asked


async def test_a_list_is_cached_and_every_kind_of_write_is_seen(kit, row, listed, sent):
    """One row's life by the single tools."""
    before = await listed(CAROL)
    first = len(sent)
    assert await listed(CAROL) == before
    assert len(sent) == first, "the second read left for Supabase"

    stored = await kit.create(CAROL, **row())
    assert stored["owner_id"] == CAROL
    assert (await listed(CAROL))[stored["id"]] == stored

    changed = await kit.update(CAROL, stored["id"], json.dumps(kit.change))
    assert changed.items() >= kit.change.items()
    assert (await listed(CAROL))[stored["id"]] == changed

    assert await kit.delete(CAROL, stored["id"]) is True
    assert await listed(CAROL) == before
    assert await kit.delete(CAROL, stored["id"]) is False


async def test_batches_are_few_calls_and_are_seen(kit, row, listed, sent):
    """Three rows' life by the batch tools."""
    before = await listed(CAROL)
    asked = len(sent)
    result = await kit.batch_create(CAROL, json.dumps([row(), row(), row()]))
    assert (result["succeeded"], result["failed"], result["calls"]) == (3, 0, 1)
    assert len(sent) == asked + 1
    ids = [outcome["row"]["id"] for outcome in result["outcomes"]]
    assert set(ids) <= set(await listed(CAROL))

    changes = [{"id": key, **kit.change} for key in ids]
    result = await kit.batch_update(CAROL, json.dumps(changes))
    assert (result["succeeded"], result["calls"]) == (3, 1)
    now = await listed(CAROL)
    assert all(now[key].items() >= kit.change.items() for key in ids)

    result = await kit.batch_delete(CAROL, json.dumps(ids))
    assert (result["succeeded"], result["calls"]) == (3, 1)
    assert await listed(CAROL) == before


async def test_nobody_reaches_another_s_rows(kit, made, listed):
    """They speak with the service role, so row-level security would not stop them."""
    hers = await listed(CAROL)
    assert set(made) <= set(hers)
    assert not set(made) & set(await listed(BOB))
    assert await kit.update(BOB, made[0], json.dumps(kit.change)) is None
    assert await kit.delete(BOB, made[0]) is False
    changes = json.dumps([{"id": key, **kit.change} for key in made])
    for result in (
        await kit.batch_update(BOB, changes),
        await kit.batch_delete(BOB, json.dumps(made)),
    ):
        assert [outcome["status"] for outcome in result["outcomes"]] == ["skipped", "skipped"]
    assert await listed(CAROL) == hers


async def test_what_is_no_json_is_refused(kit, sent):
    """With what was needed instead, and before anything is sent."""
    for call in (kit.batch_create, kit.batch_update, kit.batch_delete):
        with pytest.raises(ValueError, match="no JSON"):
            await call(CAROL, "[{")
        with pytest.raises(ValueError, match="JSON list"):
            await call(CAROL, "{}")
    with pytest.raises(ValueError, match="no JSON"):
        await kit.update(CAROL, "1", "name=x")
    with pytest.raises(ValueError, match="JSON object"):
        await kit.update(CAROL, "1", "[]")
    with pytest.raises(ValueError, match="its id"):
        await kit.batch_update(CAROL, json.dumps([kit.change]))
    assert sent == []


async def test_a_wrong_value_is_refused_by_the_name_of_its_field(kit, row, sent):
    """By every tool that writes; the value itself is not repeated."""
    ((field, value),) = kit.wrong.items()
    asked = len(sent)
    wrong = {**row(), **kit.wrong}
    for call in (
        lambda: kit.create(CAROL, **wrong),
        lambda: kit.batch_create(CAROL, json.dumps([row(), wrong])),
        lambda: kit.update(CAROL, str(uuid.uuid4()), json.dumps(kit.wrong)),
        lambda: kit.batch_update(CAROL, json.dumps([{"id": str(uuid.uuid4()), **kit.wrong}])),
    ):
        with pytest.raises(ValueError, match=field) as refused:
            await call()
        assert value not in str(refused.value)
    assert len(sent) == asked


async def test_an_owner_cannot_be_given(kit, row):
    """Neither for a new row nor for one that is there."""
    for call in (
        lambda: kit.batch_create(CAROL, json.dumps([{**row(), "owner_id": BOB}])),
        lambda: kit.update(CAROL, str(uuid.uuid4()), json.dumps({"owner_id": BOB})),
    ):
        with pytest.raises(ValueError, match="owner_id"):
            await call()
