"""Five hundred identical misses at once, in four processes: how often the upstream is asked."""

import subprocess
import sys
import time

from benchmarks.measure import NotComparable
from benchmarks.report import Row
from benchmarks.stack import Stack
from canvalo.devstack.plan import PROJECT

PEERS = ("aiocache", "cashews", "django-redis", "hishel")
_PROCESSES, _HEAD_START = 4, 6.0  # s in which every process gets ready
_WITHIN = 120.0


def rows(stack: Stack) -> list[Row]:
    """Calls of ours beside one call, and beside each peer with its own protection switched on."""
    ours = _calls("ours", stack)
    name = "upstream calls for 500 misses in 4 processes: ours"
    first = Row(f"{name}, bar", ours, 1, "<= 1")
    return [first, *(Row(f"{name}, {peer}", ours, _calls(peer, stack)) for peer in PEERS)]


def _calls(who: str, stack: Stack) -> int:
    go = str(time.time() + _HEAD_START)
    command = [sys.executable, "-m", "benchmarks.cache.stampede_worker", who, stack.valkey.url, go]
    processes = [
        subprocess.Popen(command, cwd=PROJECT, env=stack.environment(), stdout=subprocess.PIPE)
        for _ in range(_PROCESSES)
    ]
    said = [process.communicate(timeout=_WITHIN)[0] for process in processes]
    if any(process.returncode for process in processes):
        raise NotComparable(f"a process of {who} failed")
    calls = sum(map(int, said))
    print(f"  500 misses in 4 processes: {who} asked {calls} times")
    return calls
