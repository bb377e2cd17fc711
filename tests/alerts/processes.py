"""A real process that is killed by SIGKILL before the n-th thing that it does to the world."""

import os
import signal
import smtplib
from collections.abc import Callable

from django.db import connection


def killed_for_real(step: int, work: Callable[[], object]) -> bool:
    """Do the work in a process of its own, which dies before this step; whether it came to that.

    Steps are statements sent to PostgreSQL, and lines sent to and answers read from the mail
    server. Nothing is tidied up: PostgreSQL and the server see a line that breaks.
    """
    child = os.fork()
    if child == 0:
        _live_until(step, work)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == 0, "the work failed by itself"
    return False


def _live_until(step: int, work: Callable[[], object]) -> None:
    """Never returns: the parent's fixtures must not end a second time."""
    status = 1
    try:
        _connect_anew()
        with connection.execute_wrapper(_Fuse(step)):
            work()
        status = 0
    finally:
        os._exit(status)


def _connect_anew() -> None:
    """The parent's connection is not ours to use or to close, nor is its pool."""
    connection.connection = None
    options = {**connection.settings_dict["OPTIONS"], "pool": False}
    connection.settings_dict = {**connection.settings_dict, "OPTIONS": options}


class _Fuse:
    """Counts steps, of PostgreSQL's wrapper and of smtplib, and kills its process at one."""

    def __init__(self, step: int) -> None:
        self.left = step
        smtplib.SMTP.send = self._before(smtplib.SMTP.send)
        smtplib.SMTP.getreply = self._before(smtplib.SMTP.getreply)

    def __call__(self, execute, sql, params, many, context):
        self._burn()
        return execute(sql, params, many, context)

    def _before(self, method):
        def burning(*args, **more):
            self._burn()
            return method(*args, **more)

        return burning

    def _burn(self) -> None:
        self.left -= 1
        if self.left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
