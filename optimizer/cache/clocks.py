"""The clock of leases and deadlines: where there is one, it goes on while the machine sleeps."""

import time
from functools import partial

# Seconds since some point in the past; never set back.
boottime = partial(time.clock_gettime, getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
