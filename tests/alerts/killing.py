"""A process that dies before its n-th statement, and one that is overtaken there."""

import threading
from collections.abc import Callable

from django.db import connection


class Killed(BaseException):
    """The process is no more: nothing may catch this and go on."""


def killed_at(statement: int, work: Callable[[], object]) -> bool:
    """Do the work, but die before this statement of it; whether it came to that.

    What its transaction had not committed is undone, as when a connection breaks.
    """
    left = statement

    def die(execute, sql, params, many, context):
        nonlocal left
        left -= 1
        if left < 0:
            raise Killed
        return execute(sql, params, many, context)

    try:
        with connection.execute_wrapper(die):
            work()
    except Killed:
        return True
    return False


def killed_before(fragment: str, work: Callable[[], object]) -> None:
    """Do the work, but die before the first statement in which this occurs."""

    def die(execute, sql, params, many, context):
        if fragment in sql:
            raise Killed
        return execute(sql, params, many, context)

    try:
        with connection.execute_wrapper(die):
            work()
    except Killed:
        return
    raise AssertionError(f"no statement had {fragment!r}")


def overtaken_at(statement: int, work: Callable[[], object], other: Callable[[], object]) -> None:
    """Do the work; before this statement of it another process does its own from end to end.

    Where the first is within a transaction by then, the other waits for the next moment outside.
    """
    left = statement

    def overtake(execute, sql, params, many, context):
        nonlocal left
        left -= 1
        if left <= 0 and not connection.in_atomic_block and left > -1_000_000:
            left = -2_000_000
            aside(other)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(overtake):
        work()


def aside(work: Callable[[], object]) -> None:
    """Do it in a thread, on a connection of its own, to its end."""

    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(20)
    assert not thread.is_alive()
