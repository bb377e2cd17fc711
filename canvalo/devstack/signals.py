"""INT, TERM and HUP: the first asks for an orderly end, the third forces it."""

import signal
import time
from types import FrameType

from canvalo.devstack.errors import StopRequested
from canvalo.devstack.output import say

_FORCED_AT = 3


class Signals:
    """Counts the requests to end; the handler only notes them, the loops look."""

    def __init__(self) -> None:
        self.count = 0
        self._noticed = 0

    def install(self) -> None:
        """Take over the three signals; under `nohup` a hang-up stays ignored."""
        signal.signal(signal.SIGINT, self._received)
        signal.signal(signal.SIGTERM, self._received)
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            signal.signal(signal.SIGHUP, self._received)

    @property
    def asked(self) -> bool:
        """Whether the end was asked for."""
        return self.count > 0

    @property
    def forced(self) -> bool:
        """Whether it was asked for so often that waiting is over."""
        return self.count >= _FORCED_AT

    def pause(self, seconds: float) -> None:
        """Sleep a little while starting; raises once the end is asked for."""
        time.sleep(seconds)
        if self.asked:
            raise StopRequested

    def pause_stopping(self, seconds: float) -> None:
        """Sleep a little while stopping; answers an impatient user."""
        time.sleep(seconds)
        if self.count > max(1, self._noticed):
            self._noticed = self.count
            say("killing what is left" if self.forced else "already stopping; once more kills")

    def _received(self, _signum: int, _frame: FrameType | None) -> None:
        self.count += 1
