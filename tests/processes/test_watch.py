"""Beat and worker stop in a running stack: who notices, and what happens when they go on."""

import re
import signal

import httpx
import psutil
import pytest

from canvalo.devstack.waiting import until
from tests.alerts.program import program
from tests.processes.conftest import Server
from tests.processes.test_life import PRINTED

NOTICED_WITHIN = 180  # s: the promise

# It fires when figures are older than two and a half minutes for a minute: a restart is no reason.
WATCHFUL = """
from optimizer.models import AlertRule
AlertRule.objects.create(
    name="age", metric="snapshot_age", direction="above", fire_at=150, recover_at=150,
    for_minutes=1, recipients="alice@example.com",
)
"""
TOLD = """
from optimizer.models import AlertState, Notice
judged = AlertState.objects.exclude(judged=None).count()
print(f"{judged} judged, {Notice.objects.count()} told")
"""


def workers(server: Server) -> list[psutil.Process]:
    """Beat, worker, and the worker's children."""
    return [p for p in server.processes() if "celery" in " ".join(p.cmdline())]


def deep(server: Server) -> dict:
    """What the deep form of health says, its status included."""
    answer = server.get("/health/deep")
    return {**answer.json(), "code": answer.status_code}


def signed_in(server: Server, password: str) -> httpx.Client:
    """The admin, at the web process."""
    client = httpx.Client(base_url=server.url, follow_redirects=True, timeout=30)
    client.get("/login/")
    form = {"username": "admin", "password": password}
    form["csrfmiddlewaretoken"] = client.cookies["csrftoken"]
    assert client.post("/login/", data=form, headers={"Referer": server.url}).status_code == 200
    return client


def warns(client: httpx.Client) -> bool:
    """Whether the page that the web process draws shows the banner."""
    return "hidden" not in re.search(r"<div[^>]*data-overdue[^>]*>", client.get("/").text)[0]


@pytest.mark.slow
def test_beat_and_worker_stopped_are_noticed_and_caught_up_with(start):
    """Banner, deep health and heartbeat say so; started again, all is well, and nothing fired."""
    with program() as service:
        server = start("--no-demo", CANVALO_HEARTBEAT_URL=service.url)
        admin = signed_in(server.ready(), re.search(PRINTED, server.output)[1])
        server.manage("shell", "-c", WATCHFUL)
        until(lambda: len(service.taken) > 0, 150, lambda: str(deep(server)))
        assert deep(server)["code"] == 200
        assert not warns(admin)
        stopped = workers(server)
        assert len(stopped) >= 2
        for process in stopped:
            process.send_signal(signal.SIGSTOP)
        beats = len(service.taken)
        until(lambda: deep(server)["code"] == 503, NOTICED_WITHIN, lambda: str(deep(server)))
        assert warns(admin)
        assert server.get("/health/ready").status_code == 200
        assert len(service.taken) == beats
        for process in stopped:
            process.send_signal(signal.SIGCONT)
        until(lambda: deep(server)["code"] == 200, 120, lambda: str(deep(server)))
        until(lambda: len(service.taken) > beats, 150, lambda: "no heartbeat")
        assert not warns(admin)
        assert server.manage("shell", "-c", TOLD).splitlines()[-1] == "1 judged, 0 told"
        assert server.end(signal.SIGTERM) == 0
