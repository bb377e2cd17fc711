"""The clock of leases and deadlines: where there is one, it goes on while the machine sleeps."""

import time

_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def boottime() -> float:
    """Seconds since some point in the past; never set back."""
    return time.clock_gettime(_CLOCK)
