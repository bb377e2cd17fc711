"""Reading over the wire: prepared statements, large values, errors; and no transaction left."""

import asyncio

import psycopg
import pytest
import pytest_asyncio

from canvalo.devstack.postgrest import wire
from canvalo.devstack.postgrest.statement import Statement


@pytest_asyncio.fixture
async def connection(server_database):
    found = await psycopg.AsyncConnection.connect(server_database, autocommit=True)
    async with found:
        yield found


async def value(connection, *statements):
    return (await wire.run(connection, statements))[-1].get_value(0, 0)


async def test_the_last_statements_result_comes_back(connection):
    first, second = Statement("select $1::text", ("one",)), Statement("select $1::int + 1", ("2",))
    for _ in range(3):  # the first time prepares, the others use it
        assert await value(connection, first, second) == b"3"


async def test_each_statement_has_its_result_and_bytes_are_bytes(connection):
    length = Statement("select length($1::bytea)", (b"\x00\xff",))
    for _ in range(2):
        results = await wire.run(connection, [Statement("select 'a'"), length])
        assert [result.get_value(0, 0) for result in results] == [b"a", b"2"]


async def test_all_of_them_are_one_transaction_that_ends(connection):
    setting = Statement("select set_config('app.who', $1, true)", ("alice",))
    seen = Statement("select current_setting('app.who', true)")
    assert await value(connection, setting, seen) == b"alice"
    assert await value(connection, seen) in (None, b"")
    assert connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE


async def test_after_an_error_the_connection_goes_on(connection):
    broken, good = Statement("select $1::int", ("x",)), Statement("select 1")
    for _ in range(2):
        with pytest.raises(psycopg.errors.InvalidTextRepresentation):
            await wire.run(connection, (good, broken, good))
        assert await value(connection, good) == b"1"


async def test_what_could_not_be_prepared_is_not_taken_for_prepared(connection, sql):
    late = Statement("select count(*) from served.later_still")
    with pytest.raises(psycopg.errors.UndefinedTable):
        await wire.run(connection, (late,))
    sql.execute("create table served.later_still ()")
    try:
        assert await value(connection, late) == b"0"
    finally:
        sql.execute("drop table served.later_still")


async def test_a_value_may_be_larger_than_any_buffer(connection):
    length = Statement("select length($1::text)", ("x" * 20_000_000,))
    assert await value(connection, length) == b"20000000"


async def test_so_may_be_an_answer(connection):
    answer = Statement("select repeat('x', $1::int)", ("20000000",))
    assert len(await value(connection, answer)) == 20_000_000


async def test_the_number_of_prepared_statements_has_an_end(connection):
    for number in range(320):
        assert await value(connection, Statement(f"select {number}")) == str(number).encode()
    prepared = await connection.execute("select count(*) from pg_prepared_statements")
    assert await prepared.fetchone() == (300,)


async def test_psycopg_and_this_take_turns(connection):
    for number in range(8):
        assert (
            await value(connection, Statement("select $1::int", (str(number),))) == b"%d" % number
        )
        row = await connection.execute("select %s::int", [number])
        assert await row.fetchone() == (number,)


async def test_an_answer_that_nobody_waits_for_reaches_nobody_else(connection):
    waiting = asyncio.create_task(wire.run(connection, [Statement("select pg_sleep(2)")]))
    done, _ = await asyncio.wait({waiting}, timeout=0.05)
    assert not done
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert connection.closed


async def test_no_text_holds_a_nul(client):
    for path in ("/items?name=eq.a%00b", "/rpc/hello?name=%00"):
        answer = await client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (400, "22021")
