"""Two beats at once that store and sum up without pause, and are killed at any moment.

They are ahead of time by more than a minute, so that the running minute is stored while it still
grows. TERM ends both.
"""

import os
import random
import signal
import sys
import time
from datetime import timedelta

import django
import redis

AHEAD = timedelta(seconds=65)


def work() -> None:
    """Store and sum until killed; what fails while Valkey restarts is tried again."""
    from django.utils import timezone

    from optimizer.errors import CacheUnavailable
    from optimizer.metrics.store import keep_totals, rollup, snapshot

    while True:
        try:
            with redis.Redis.from_url(os.environ["VALKEY_URL"]) as client:
                snapshot(client, timezone.now() + AHEAD)
                keep_totals(client)
            rollup(timezone.now())
        except CacheUnavailable:
            time.sleep(0.1)


def start() -> int:
    """Start one; its process id."""
    if pid := os.fork():
        return pid
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    work()
    raise AssertionError("it works until it is killed")


def main() -> None:
    """Keep two running, and kill one after the other."""
    django.setup()
    dice = random.Random(9)
    beats = [start(), start()]

    def end(*_: object) -> None:
        for pid in beats:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        sys.exit(0)

    signal.signal(signal.SIGTERM, end)
    kills = 0
    while True:
        time.sleep(dice.uniform(0.02, 0.6))
        pid = beats.pop(0)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        beats.append(start())
        kills += 1
        print("killed", kills, flush=True)


if __name__ == "__main__":
    main()
