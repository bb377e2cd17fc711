"""The pool and the catalog: read again when told, refused clearly where the database is away."""

import asyncio
from contextlib import suppress

import psycopg
import pytest
import pytest_asyncio

from canvalo.devstack.postgrest.database import APPLICATION, Database
from canvalo.devstack.postgrest.errors import Refusal
from canvalo.devstack.postgrest.listener import listen
from canvalo.devstack.postgrest.transaction import best_total

SLEEPING = "select pid from pg_stat_activity where wait_event = 'PgSleep'"


async def until(condition, seconds=10):
    """Wait for something that another task or process does."""
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 - another process acts
            await asyncio.sleep(0.02)


@pytest_asyncio.fixture
async def listening(start, server_settings):
    """A client of a server that listens for changes of the schema."""
    client = await start()
    task = asyncio.create_task(listen(server_settings, start.database))
    yield client
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def status(client, path):
    return (await client.get(path)).status_code


async def test_a_new_table_is_found_once_the_database_says_so(listening, sql):
    assert await status(listening, "/late") == 404
    sql.execute("create table served.late (id int); grant all on served.late to anon")

    async def found():
        return await status(listening, "/late") == 200

    try:
        await until(found)
    finally:
        sql.execute("drop table served.late")


@pytest.mark.parametrize("payload", ["", "reload schema", "reload config"])
async def test_each_word_of_postgrests_reloads(listening, start, sql, payload):
    before = start.database.catalog

    async def reloaded():
        return start.database.catalog is not before

    await until(reloaded)  # the first time it reads by itself, since it came late
    before = start.database.catalog
    sql.execute("select pg_notify('pgrst', %s)", [payload])
    await until(reloaded)


async def test_a_lost_listener_comes_back_and_reads_what_it_missed(listening, start, sql):
    listeners = (
        "select pid from pg_stat_activity where query = 'listen pgrst' and pid <> pg_backend_pid()"
    )

    async def listens():
        return bool(sql.execute(listeners).fetchall())

    await until(listens)
    before = start.database.catalog
    for (pid,) in sql.execute(listeners).fetchall():
        sql.execute("select pg_terminate_backend(%s)", [pid])

    async def reloaded():
        return start.database.catalog is not before

    await until(reloaded)


async def test_connections_that_were_cut_are_replaced(client, sql):
    """A restart of the database costs the requests that were under way, and no later ones."""
    assert await status(client, "/items?limit=1") == 200
    cut = (
        "select pg_terminate_backend(pid) from pg_stat_activity "
        "where application_name = %s and datname = current_database()"
    )
    assert sql.execute(cut, [APPLICATION]).fetchall()

    async def gone():
        still = "select from pg_stat_activity where application_name = %s and state = 'idle'"
        return not sql.execute(still, [APPLICATION]).fetchall()

    await until(gone)
    assert await status(client, "/items?limit=1") == 200


@pytest.mark.parametrize(("method", "path"), [("POST", "slow_enough"), ("GET", "slow_read")])
async def test_a_cut_connection_is_the_databases_fault(client, sql, method, path):
    slow = asyncio.create_task(client.request(method, f"/rpc/{path}"))

    async def waits():
        found = sql.execute(SLEEPING).fetchall()
        return [sql.execute("select pg_terminate_backend(%s)", row) for row in found]

    await until(waits)
    answer = await slow
    assert answer.status_code == 503
    assert answer.json()["code"] in ("57P01", "PGRST001")  # as the two messages arrive


async def test_before_the_first_reading_there_is_no_catalog(server_settings):
    with pytest.raises(Refusal) as caught:
        _ = Database(server_settings).catalog
    assert (caught.value.status, caught.value.code) == (503, "PGRST002")


async def test_who_waits_too_long_for_a_connection_is_told(start, sql):
    client = await start(pool_size=1, pool_timeout=0.2)
    slow = asyncio.create_task(client.post("/rpc/slow_enough"))

    async def sleeps():
        return sql.execute(SLEEPING).fetchall()

    await until(sleeps)
    answer = await client.get("/items?limit=1")
    assert (answer.status_code, answer.json()["code"]) == (504, "PGRST003")
    slow.cancel()
    with pytest.raises(asyncio.CancelledError):
        await slow


@pytest.mark.parametrize(("method", "path"), [("POST", "slow_enough"), ("GET", "slow_read")])
async def test_a_request_that_is_given_up_leaves_nothing_behind(start, sql, method, path):
    client = await start(pool_size=1)
    slow = asyncio.create_task(client.request(method, f"/rpc/{path}"))

    async def sleeps():
        return sql.execute(SLEEPING).fetchall()

    await until(sleeps)
    slow.cancel()
    with pytest.raises(asyncio.CancelledError):
        await slow
    assert (await client.get("/rpc/seen")).json()["role"] == "anon"


class Way:
    """A way to the database over TCP that can be cut and opened again."""

    def __init__(self, uri):
        found = psycopg.conninfo.conninfo_to_dict(uri)
        self._target = f"{found['host']}/.s.PGSQL.{found.get('port', 5432)}"
        self._server, self._writers, self.port = None, [], 0
        self._user, self._name = found["user"], found["dbname"]

    @property
    def uri(self):
        return f"postgresql://{self._user}@127.0.0.1:{self.port}/{self._name}?sslmode=disable"

    async def open(self):
        self._server = await asyncio.start_server(self._join, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self):
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()

    async def _join(self, reader, writer):
        there, back = await asyncio.open_unix_connection(self._target)
        self._writers += [writer, back]
        await asyncio.gather(self._carry(reader, back), self._carry(there, writer))

    async def _carry(self, reader, writer):
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                writer.write(data)
        writer.close()


async def test_while_the_database_is_away_it_says_so_and_then_it_serves_again(start, stack):
    way = Way(stack.supabase_database)
    await way.open()
    client = await start(db_uri=way.uri, pool_timeout=0.3)
    assert await status(client, "/items?limit=1") == 200
    await way.cut()

    async def refused():
        answer = await client.get("/items?limit=1")
        return (answer.status_code, answer.json()["code"]) == (503, "PGRST000")

    await until(refused)
    await way.open()

    async def serves():
        return await status(client, "/items?limit=1") == 200

    await until(serves)
    await way.cut()


@pytest.mark.parametrize(
    ("counted", "planned", "max_rows", "total"),
    [
        (None, 7, None, 7),
        (5, 7, None, 7),
        (9, 7, None, 9),
        (5, 7, 10, 5),
        (11, 700, 10, 700),
        (11, 7, 10, 11),
    ],
)
def test_the_better_of_two_counts(counted, planned, max_rows, total):
    assert best_total(counted, planned, max_rows) == total
