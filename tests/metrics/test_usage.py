"""Supabase's own count of calls, from a server that answers as its management API does."""

import json
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from optimizer import selectors
from optimizer.domain.tally import Key, Tally
from optimizer.errors import UpstreamError
from optimizer.metrics import store
from optimizer.metrics.store.usage import fetch_usage, ref_of
from optimizer.models import SupabaseCalls
from optimizer.tasks import fetch_usage as task

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 6, 12, tzinfo=UTC)
NOON = datetime(2026, 11, 5, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
SENT = Key("sent", "api.contacts", "read", "ok")


@pytest.fixture
def counted():
    """A hundred calls and ten more in the hour from noon."""
    keep(NOON, 100)
    keep(NOON + timedelta(minutes=50), 10)


def keep(minute, calls):
    """Count some calls in a minute."""
    store.save(minute, "life", {SENT: Tally(calls)}, minute + timedelta(seconds=70))
    store.rollup(minute, UTC)


def calls():
    """What is shown."""
    return selectors.cost_of_cycle(NOW).calls


@pytest.fixture
def management():
    """A server that answers as the management API, and notes how it was asked."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append((self.path, self.headers["Authorization"]))
            body = json.dumps({"result": server.rows, "error": server.error}).encode()
            self.send_response(server.status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.asked, server.rows, server.status, server.error = asked, [], 200, None
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def project(management, settings):
    """A hosted project, with a token."""
    settings.SUPABASE_URL = "https://abcdef.supabase.co"
    settings.SUPABASE_MANAGEMENT_TOKEN = "sbp_secret"
    settings.SUPABASE_MANAGEMENT_URL = f"http://127.0.0.1:{management.server_port}"
    return management


def hour(at, rest):
    """A row of the management API."""
    counts = {f"total_{kind}_requests": 1 for kind in ("auth", "storage", "realtime")}
    return {"timestamp": at.isoformat(), "total_rest_requests": rest, **counts}


@pytest.mark.usefixtures("counted")
def test_supabases_own_count_is_shown_beside_ours(project):
    """Fetched twice it counts once, and the newer answer stands."""
    project.rows = [hour(NOON, 100), hour(NOON + HOUR, 5)]
    assert fetch_usage(NOW) == 2
    project.rows = [hour(NOON, 120)]
    fetch_usage(NOW)
    found = calls()
    assert (found.theirs, found.ours) == (125, 110)
    assert [(p.start, p.theirs, p.ours) for p in found.points] == [
        (NOON, 120, 110),
        (NOON + HOUR, 5, 0),
    ]
    path = "/v1/projects/abcdef/analytics/endpoints/usage.api-counts?interval=1day"
    assert project.asked[0] == (path, "Bearer sbp_secret")


@pytest.mark.usefixtures("counted")
def test_an_hour_that_was_not_over_is_not_compared(project):
    """Half of theirs beside all of ours would look like a loss."""
    project.rows = [hour(NOON, 120), hour(NOON + HOUR, 3)]
    fetch_usage(NOON + HOUR + timedelta(minutes=20))
    found = calls()
    assert (found.theirs, found.ours, found.stretch.end) == (120, 110, NOON + HOUR)


@pytest.mark.usefixtures("counted")
def test_hours_before_we_counted_are_not_compared(project):
    """Supabase tells of a day from before the installation."""
    project.rows = [hour(NOON - HOUR, 999), hour(NOON, 120)]
    fetch_usage(NOW)
    assert (calls().theirs, calls().stretch.start) == (120, NOON)


@pytest.mark.usefixtures("counted")
def test_the_same_hours_are_compared_in_a_zone_of_half_hours(project, settings):
    """Theirs are hours of UTC; our stored hours begin at half past it."""
    settings.TIME_ZONE = "Asia/Kolkata"
    project.rows = [hour(NOON, 120), hour(NOON + HOUR, 0)]
    fetch_usage(NOW)
    assert [point.ours for point in calls().points] == [110, 0]


@pytest.mark.parametrize("unit", [1, 10**3, 10**6])
def test_times_may_be_numbers_and_unused_kinds_left_out(project, unit):
    """As other versions of the endpoint answer."""
    project.rows = [{"timestamp": int(NOON.timestamp()) * unit, "total_rest_requests": 7}]
    fetch_usage(NOW)
    (row,) = SupabaseCalls.objects.all()
    assert (row.at, row.rest, row.auth, row.storage) == (NOON, 7, 0, 0)


def test_an_error_may_come_with_status_200(project):
    """Its rows are not taken for a day without calls."""
    project.error = {"message": "sbp_secret is slow"}
    with pytest.raises(UpstreamError, match="could not count") as refused:
        fetch_usage(NOW)
    assert "sbp_secret" not in str(refused.value)


def test_the_timetables_task_fetches(project):
    """Each hour."""
    project.rows = [hour(NOON, 1)]
    task()
    assert SupabaseCalls.objects.get().rest == 1


def test_without_a_token_nothing_is_asked(project, settings):
    """And the task does not fail."""
    settings.SUPABASE_MANAGEMENT_TOKEN = ""
    assert fetch_usage(NOW) == 0
    assert project.asked == []


@pytest.mark.parametrize(
    ("status", "rows", "said"), [(401, [], "answered 401"), (200, [{"x": 1}], "unexpected")]
)
def test_a_refusal_is_named_and_holds_no_token(project, status, rows, said):
    """What was stored stays."""
    project.status, project.rows = status, rows
    with pytest.raises(UpstreamError, match=said) as refused:
        fetch_usage(NOW)
    assert "sbp_secret" not in str(refused.value)
    assert SupabaseCalls.objects.count() == 0


@pytest.mark.parametrize(
    ("url", "ref"),
    [("https://abcdef.supabase.co", "abcdef"), ("http://127.0.0.1:54321", ""), ("", "")],
)
def test_the_projects_name_is_in_its_address(url, ref):
    """A stand-in has none."""
    assert ref_of(url) == ref


def test_behind_a_domain_of_ones_own_the_project_is_named(project, settings):
    """The address does not show it."""
    settings.SUPABASE_URL = "https://api.example.com"
    assert fetch_usage(NOW) == 0
    settings.SUPABASE_PROJECT_REF = "ghijkl"
    fetch_usage(NOW)
    assert [path.split("/")[3] for path, _ in project.asked] == ["ghijkl"]
