"""Beat and worker stop in a running stack: who notices, and what happens when they go on."""

import signal

import psutil
import pytest

from canvalo.devstack.waiting import until
from tests.alerts.program import program
from tests.processes.conftest import Server

NOTICED_WITHIN = 180  # s: the promise


def workers(server: Server) -> list[psutil.Process]:
    """Beat, worker, and the worker's children."""
    return [p for p in server.processes() if "celery" in " ".join(p.cmdline())]


def deep(server: Server) -> dict:
    """What the deep form of health says, its status included."""
    answer = server.get("/health/deep")
    return {**answer.json(), "code": answer.status_code}


@pytest.mark.slow
def test_beat_and_worker_stopped_are_noticed_and_caught_up_with(start):
    """Deep health fails and the heartbeat stops; started again, all is well, and nothing fired."""
    with program() as service:
        server = start("--no-demo", CANVALO_HEARTBEAT_URL=service.url).ready()
        until(lambda: len(service.taken) > 0, 150, lambda: str(deep(server)))
        assert deep(server)["code"] == 200
        stopped = workers(server)
        assert len(stopped) >= 2
        for process in stopped:
            process.send_signal(signal.SIGSTOP)
        beats = len(service.taken)
        until(lambda: deep(server)["code"] == 503, NOTICED_WITHIN, lambda: str(deep(server)))
        assert server.get("/health/ready").status_code == 200
        assert len(service.taken) == beats
        for process in stopped:
            process.send_signal(signal.SIGCONT)
        until(lambda: deep(server)["code"] == 200, 120, lambda: str(deep(server)))
        until(lambda: len(service.taken) > beats, 150, lambda: "no heartbeat")
        assert server.end(signal.SIGTERM) == 0
