"""The original description, section by section: what it shows is called here as it shows it.

Only the paths of the imports differ, as the design maps them, and that `execute()` is awaited.
"""

import json
import logging
import re
import uuid

import pytest
from asgiref.sync import sync_to_async
from django.db import connections
from strands import tool

from canvalo.crm import tools
from canvalo.devstack.tokens import USERS
from optimizer import runtime
from optimizer.batch import (
    BatchOperation,
    BatchOperationType,
    batch_delete_records,
    batch_insert_records,
    batch_update_records,
    get_batcher,
)
from optimizer.cache import cached_query, get_cache
from optimizer.conf import Overrides, TableOverride, get_cache_ttl, optimization_settings
from optimizer.defaults import read_defaults
from optimizer.models import ApiToken
from optimizer.upstream import get_connection_pool, with_pooled_connection

user_id = USERS["carol"]


@pytest.fixture
async def engine(supabase, fresh_valkey, transactional_db, monkeypatch):
    """The engine of this test's loop, with the default settings; it begins to count anew."""
    monkeypatch.setattr(runtime, "_recorder", None)
    yield runtime.current()
    optimization_settings.adopt(Overrides())
    await runtime.close_current()
    await sync_to_async(connections.close_all)()  # the endpoint's thread keeps its own


@pytest.fixture
def jwt_token(token_for):
    """Carol's."""
    return token_for("carol")


@pytest.fixture
def name(supabase_sql):
    """What the names of this test's contacts begin with; they are deleted at its end."""
    mine = f"original-{uuid.uuid4()}"
    yield mine
    supabase_sql().execute("delete from api.contacts where name like %s", [f"{mine}%"])


@pytest.fixture
def stored(supabase_sql, name):
    """The contacts of this test, as the database has them."""

    def names() -> list[str]:
        query = "select name from api.contacts where name like %s order by name"
        return [row[0] for row in supabase_sql().execute(query, [f"{name}%"])]

    return names


@pytest.fixture
def lines(caplog, monkeypatch):
    """The access log, switched on as OPTIMIZATION_ACCESS_LOG does."""
    monkeypatch.setenv("OPTIMIZATION_ACCESS_LOG", "true")
    monkeypatch.setattr(optimization_settings, "_defaults", read_defaults())
    caplog.set_level(logging.INFO, "optimizer.access")
    return lambda: [f"{record.levelname} - {record.getMessage()}" for record in caplog.records]


@pytest.fixture
def contacts_of(engine):
    """The decorated function of section 1, which notes when its work is done."""
    asked = []

    @tool
    @cached_query("contacts", ttl=300)  # Cache for 5 minutes
    async def get_contacts(user_id: str, contact_type: str = None):  # noqa: RUF013 - as written there
        """The user's contacts."""
        asked.append(user_id)

        async def fetch_data(client):
            rows = client.schema("api").table("contacts").select("id,name")
            return await rows.eq("owner_id", user_id).limit(3).execute()

        return (await with_pooled_connection(fetch_data, user_id)).data

    get_contacts.asked = asked
    return get_contacts


# ---- 1. Caching


async def test_decorator_based_caching(contacts_of):
    """Asked once by each user; nobody is served another's."""
    first = await contacts_of(user_id)
    assert len(first) == 3
    assert await contacts_of(user_id) == first
    bobs = await contacts_of(USERS["bob"])
    assert not {row["id"] for row in bobs} & {row["id"] for row in first}
    assert contacts_of.asked == [user_id, USERS["bob"]]


async def test_manual_cache_management(engine):
    """Get, set, get, invalidate."""
    cache, query_params, data = get_cache(), {"type": "lead"}, [{"name": "Ada"}]
    assert await cache.get(user_id, "contacts", query_params) is None
    await cache.set(user_id, "contacts", query_params, data, ttl=300)
    assert await cache.get(user_id, "contacts", query_params) == data
    assert await cache.get(USERS["bob"], "contacts", query_params) is None
    await cache.invalidate_table(user_id, "contacts")
    assert await cache.get(user_id, "contacts", query_params) is None


def test_the_ttl_of_each_table():
    """As the original's configuration lists them."""
    ttl = {name: get_cache_ttl(name) for name in ("contacts", "invoices", "projects")}
    assert ttl == {"contacts": 300, "invoices": 180, "projects": 600}
    assert get_cache_ttl("appointments") == 120


# ---- 2. Connection pooling


async def test_pooled_operations(engine, jwt_token):
    """The function as it stands there: it returns the query that it did not await."""

    async def fetch_data(client):
        return client.schema("api").table("contacts").select("*").execute()

    result = await with_pooled_connection(fetch_data, user_id, jwt_token)
    assert {row["owner_id"] for row in result.data} == {user_id}
    by_lambda = await with_pooled_connection(
        lambda client: client.schema("api").table("contacts").select("*").execute(),
        user_id,
        jwt_token,
    )
    assert by_lambda.data == result.data


async def test_the_pool_as_a_context_manager(engine, jwt_token):
    """One client for one caller, lent again."""
    pool = get_connection_pool()
    async with pool.get_connection(user_id, jwt_token) as client:
        result = await client.schema("api").table("contacts").select("*").execute()
    assert {row["owner_id"] for row in result.data} == {user_id}
    async with pool.get_connection(user_id, jwt_token) as again:
        assert again is client
    async with pool.get_connection(user_id) as service:
        assert service is not client


# ---- 3. Batch operations


async def test_batch_insert_update_and_delete(engine, name, stored, jwt_token):
    """Few calls, and each row's outcome."""
    contacts = [
        {"name": f"{name} John Doe", "email": "john@example.com"},
        {"name": f"{name} Jane Smith", "email": "jane@example.com"},
    ]
    result = await batch_insert_records("contacts", contacts, user_id, jwt_token)
    assert (result.succeeded, result.failed, result.calls) == (2, 0, 1)
    assert stored() == [f"{name} Jane Smith", f"{name} John Doe"]
    contact_ids = [outcome.row["id"] for outcome in result.outcomes]
    changes = [{"id": key, "name": f"{name} renamed"} for key in contact_ids]
    result = await batch_update_records("contacts", changes, user_id, jwt_token)
    assert (result.succeeded, result.calls, stored()) == (2, 1, [f"{name} renamed"] * 2)
    result = await batch_delete_records("contacts", contact_ids, user_id, jwt_token)
    assert (result.succeeded, result.calls, stored()) == (2, 1, [])


async def test_a_batch_that_succeeds_in_part(engine, name, stored, jwt_token):
    """The refused row says why, the others are stored."""
    contacts = [{"name": f"{name} {n}", "contact_type": "lead"} for n in range(4)]
    contacts[2]["contact_type"] = "enemy"
    result = await batch_insert_records("contacts", contacts, user_id, jwt_token)
    assert (result.succeeded, result.failed) == (3, 1)
    assert result.outcomes[2].code == "23514"
    assert "contact_type" in result.outcomes[2].message
    assert result.seconds > 0
    assert stored() == [f"{name} {n}" for n in (0, 1, 3)]


async def test_custom_batch_operations(engine, name, stored, jwt_token):
    """By keywords, as it is written there."""
    operations = [
        BatchOperation(
            operation_type=BatchOperationType.INSERT,
            table="contacts",
            data={"name": f"{name} New Contact"},
        )
    ]
    batcher = get_batcher()
    result = await batcher.execute_batch(operations, user_id, jwt_token)
    assert (result.succeeded, result.calls) == (1, 1)
    assert stored() == [f"{name} New Contact"]


# ---- Integration with existing tools


async def test_the_contact_tools_under_an_agent_s_decorator(engine, name):
    """No model is needed to call them; what was created is in the list that was cached before."""
    get_contacts = tool(tools.get_contacts)
    batch_create_contacts = tool(tools.batch_create_contacts)
    assert get_contacts.tool_spec["name"] == "get_contacts"
    properties = get_contacts.tool_spec["inputSchema"]["json"]["properties"]
    assert set(properties) == {"user_id", "contact_type"}
    before = await get_contacts(user_id=user_id, contact_type="vendor")
    contacts_data = json.dumps([{"name": f"{name} {n}", "contact_type": "vendor"} for n in (1, 2)])
    made = await batch_create_contacts(user_id=user_id, contacts_data=contacts_data)
    assert (made["succeeded"], made["failed"], made["calls"]) == (2, 0, 1)
    after = await get_contacts(user_id=user_id, contact_type="vendor")
    added = {row["name"] for row in after} - {row["name"] for row in before}
    assert added == {f"{name} 1", f"{name} 2"}


async def test_create_contact_ends_what_was_cached(engine, contacts_of, name):
    """With the invalidation that the original writes by hand, and without it."""
    await contacts_of(user_id)
    await tools.create_contact(user_id, f"{name} single")
    await contacts_of(user_id)
    assert len(contacts_of.asked) == 2
    await get_cache().invalidate_table(user_id, "contacts")
    await contacts_of(user_id)
    assert len(contacts_of.asked) == 3


# ---- Performance monitoring


async def test_the_statistics_endpoint(engine, contacts_of, async_client):
    """Every key of the original, with what was done here in them."""
    await contacts_of(user_id)
    await contacts_of(user_id)
    await engine.flush_metrics()
    key = await sync_to_async(ApiToken.issue)("original")
    headers = {"Authorization": f"Bearer {key}"}
    stats = (await async_client.get("/api/optimization/stats", headers=headers)).json()
    assert stats["cache"].keys() == {
        "total_entries",
        "active_entries",
        "expired_entries",
        "utilization_percent",
        "max_size",
    }
    assert stats["cache"]["max_size"] == 1000
    assert stats["cache"]["active_entries"] == stats["cache"]["total_entries"] > 0
    pool = stats["connection_pool"]
    assert pool.keys() >= {
        "total_connections",
        "active_connections",
        "idle_connections",
        "total_requests",
        "cache_hits",
        "cache_misses",
        "hit_rate_percent",
        "average_request_time_ms",
    }
    assert (pool["total_connections"], pool["active_connections"]) == (1, 0)
    assert (pool["total_requests"], pool["cache_hits"], pool["cache_misses"]) == (2, 1, 1)
    assert pool["hit_rate_percent"] == 50.0
    assert pool["average_request_time_ms"] > 0


async def test_the_log_lines(engine, lines, contacts_of, name, jwt_token):
    """Its three examples; a caller is named by a hash, never by an id."""
    await contacts_of(user_id)
    await contacts_of(user_id)
    rows = [{"name": f"{name} {n}"} for n in range(25)]
    await batch_insert_records("contacts", rows, user_id, jwt_token)
    await batch_insert_records("contacts", rows, user_id, jwt_token)
    written = "\n".join(lines())
    assert re.search(r"^INFO - Cache hit: contacts query \(TTL: (299|300)s\)$", written, re.M)
    reusing = r"^INFO - Connection pool: Reusing user connection for [0-9a-f]{8}$"
    assert re.search(reusing, written, re.M)
    assert re.search(r"^INFO - Batch insert completed: 25 records in \d+ms$", written, re.M)
    assert user_id not in written


async def test_without_being_asked_nothing_is_logged(engine, contacts_of, caplog):
    """A line costs more than a hit."""
    caplog.set_level(logging.INFO, "optimizer.access")
    await contacts_of(user_id)
    assert not [record for record in caplog.records if record.name == "optimizer.access"]


# ---- Configuration

VARIABLES = {
    "OPTIMIZATION_CACHE_ENABLED": ("cache_enabled", "false", False),
    "OPTIMIZATION_CACHE_MAX_SIZE": ("cache_max_size", "7", 7),
    "OPTIMIZATION_CACHE_DEFAULT_TTL": ("cache_default_ttl", "8", 8),
    "OPTIMIZATION_POOL_ENABLED": ("pool_enabled", "false", False),
    "OPTIMIZATION_POOL_MAX_CONNECTIONS": ("pool_max_connections", "9", 9),
    "OPTIMIZATION_POOL_MAX_IDLE_TIME": ("pool_max_idle_time", "10", 10),
    "OPTIMIZATION_BATCH_ENABLED": ("batch_enabled", "false", False),
    "OPTIMIZATION_BATCH_MAX_SIZE": ("batch_max_size", "11", 11),
}


@pytest.mark.parametrize("variable", VARIABLES)
def test_each_environment_variable(monkeypatch, variable):
    """It is read, and it is the only setting that it moves."""
    setting, text, value = VARIABLES[variable]
    usual = read_defaults().model_dump()
    monkeypatch.setenv(variable, text)
    assert read_defaults().model_dump() == {**usual, setting: value}
    assert usual[setting] != value


def test_the_defaults_are_the_original_s():
    """What its list of variables and its configuration file say."""
    found = read_defaults().model_dump()
    assert (
        found.items()
        >= {
            "cache_enabled": True,
            "cache_max_size": 1000,
            "cache_default_ttl": 300,
            "pool_enabled": True,
            "pool_max_connections": 50,
            "pool_max_idle_time": 300,
            "pool_cleanup_interval": 60,
            "batch_enabled": True,
            "batch_max_size": 100,
        }.items()
    )


async def test_run_time_configuration(engine, contacts_of):
    """A switch that is turned holds for the next call, and so does a table's TTL."""
    ttl = get_cache_ttl("contacts")  # Returns 300 seconds
    assert ttl == 300
    assert optimization_settings.cache_enabled
    await contacts_of(user_id)
    await optimization_settings.aupdate(cache_enabled=False)
    assert not optimization_settings.cache_enabled
    await contacts_of(user_id)
    await optimization_settings.aupdate(cache_enabled=None)
    await contacts_of(user_id)
    assert len(contacts_of.asked) == 2  # the third found what the first had left


def test_a_table_s_ttl_at_run_time():
    """As an operator sets it in the admin."""
    optimization_settings.adopt(Overrides("1", {"api.contacts": TableOverride(ttl=5)}))
    try:
        assert get_cache_ttl("api.contacts") == 5
        assert get_cache_ttl("projects") == 600
    finally:
        optimization_settings.adopt(Overrides())


# ---- Migration guide


async def test_a_tool_of_one_s_own_by_the_migration_guide(engine, name, stored, jwt_token):
    """Its fourth step: a batch tool over a table."""

    @tool
    async def batch_create_records(user_id: str, records_data: str):
        """Create many records."""
        records = json.loads(records_data)
        return await batch_insert_records("contacts", records, user_id, jwt_token)

    result = await batch_create_records(user_id, json.dumps([{"name": f"{name} guided"}]))
    assert (result.succeeded, stored()) == (1, [f"{name} guided"])
