"""The one way in which the devstack refuses: a sentence that says what to do next."""

from collections.abc import Callable

# How a start waits: `time.sleep` in tests; in `script/server` one that raises when told to stop.
Pause = Callable[[float], None]


class DevstackError(Exception):
    """Something that keeps the stack from starting; its text is one line for the user."""


class StopRequested(BaseException):
    """A signal asked for the end while something was being waited for."""
