"""Two workers that are sure to meet on one row."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import connection, transaction

from canvalo.devstack.waiting import until


def race(row, work: Callable[[], int], other: Callable[[], int] | None = None) -> list[int]:
    """Hold `row` until two workers wait to write it, one after the other, then let go.

    What each returned. Both do the same work, unless there is another for the second.
    """
    results: list[int] = []
    works = (work, other or work)
    threads = [threading.Thread(target=_run, args=(one, results)) for one in works]
    with transaction.atomic():
        type(row).objects.select_for_update().get(pk=row.pk)
        for number, thread in enumerate(threads, 1):
            thread.start()
            until(lambda n=number: _waiting() == n, 20, lambda: f"{_waiting()} waited")
    for thread in threads:
        thread.join(20)
    assert not any(thread.is_alive() for thread in threads)
    return results


def kill_on_insert(table: str) -> None:
    """From now on the connection that inserts into the table is killed as it does."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS "
            "'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END'"
        )
        cursor.execute(
            f"CREATE TRIGGER die BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION die()"
        )


def let_live() -> None:
    """End that, over a connection that lives."""
    connection.close()
    with connection.cursor() as cursor:
        cursor.execute("DROP FUNCTION die CASCADE")


@contextmanager
def locked(model) -> Iterator[None]:
    """Another session holds the whole table; whoever asks it waits."""
    done, held = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"LOCK TABLE {model._meta.db_table} IN ACCESS EXCLUSIVE MODE")
            held.set()
            done.wait(20)
        connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    try:
        assert held.wait(20)
        yield
    finally:
        done.set()
        thread.join(20)


def _run(work: Callable[[], int], results: list[int]) -> None:
    try:
        results.append(work())
    finally:
        connection.close()


def _waiting() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted")
        return cursor.fetchone()[0]
