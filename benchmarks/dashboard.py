"""dashboard: pages on a year of data: server time, weight, and the first chart drawn."""

import gzip
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median, quantiles
from threading import Thread
from typing import Any

import httpx

from benchmarks import year
from benchmarks.inprocess import use
from benchmarks.measure import NotComparable
from benchmarks.report import Row
from benchmarks.stack import Stack

RANGES = ("1h", "1y")
WORK = {"pool": "/pool/", "batches": "/batches/"}  # read by step, not from the charts' figures
LONG = ("30d", "1y")  # those whose points are added up from the most rows, and the longest
_SUPABASE = "http://127.0.0.1:1"  # nobody asks it here
_WORK_PAGE = 400  # ms; promised to nobody, it guards what was won by an index
_CHROMIUM = ["--no-sandbox", "--disable-background-networking", "--disable-component-update"]
_ASSET = re.compile(r'(?:src|href)="(/static/(?!vendor/plotly)[^"]+)"')
_IMPORT = re.compile(r'from "\./([\w.]+)"')
# When the first trace of the first figure is in the page, in ms since the navigation began.
_WATCH = """
    new MutationObserver((_, watching) => {
        if (!document.querySelector(".main-svg .trace")) return;
        watching.disconnect();
        requestAnimationFrame(() => setTimeout(() => { window.drawnAt = performance.now(); }));
    }).observe(document, { childList: true, subtree: true });
"""


def run(quick: bool) -> list[Row]:
    """Ours in the first column; in the second what is allowed, or the plain page."""
    with Stack() as stack:
        stack.migrate()
        use(stack, _SUPABASE)
        print(f"{year.fill(datetime.now(UTC)):,} rows of figures", flush=True)
        address, cookies = stack.web(_SUPABASE), _session()
        with httpx.Client(base_url=address, cookies=cookies, timeout=60) as client:
            rounds = 40 if quick else 120
            rows = [row for name in RANGES for row in _server(client, name, rounds)]
            rows += [_work(client, page, name, rounds) for page in WORK for name in LONG]
            rows += [_weight(client, name) for name in RANGES]
            return [*rows, *_browser(client, address, cookies, 3 if quick else 15)]


def _session() -> dict[str, str]:
    """What a browser holds in which a member of staff has signed in."""
    from django.contrib.auth import get_user_model
    from django.test import Client

    client = Client()
    client.force_login(get_user_model().objects.create_user("bench", is_staff=True))
    return {"sessionid": client.cookies["sessionid"].value}


def _server(client: httpx.Client, name: str, rounds: int) -> list[Row]:
    """Milliseconds in which 19 of 20 pages and polls were answered, over HTTP; best of five runs.

    The best, since whatever else the machine does meanwhile can only add to it.
    """
    page, poll = f"/?range={name}", f"/data/overview?range={name}"
    first = client.get(page)
    points = first.text.count('<th scope="row">')
    etag = client.get(poll).headers["etag"]
    tag = {"If-None-Match": etag}
    taken = min(_p95(lambda: client.get(page), rounds) for _ in range(5))
    again = min(_p95(lambda: client.get(poll, headers=tag), rounds) for _ in range(5))
    return [
        Row(f"overview of {name}, {points} points, p95 ms: ours, allowed", taken, 100, "<= 1"),
        Row(f"poll of {name}, p95 ms", again, 0),
    ]


def _work(client: httpx.Client, page: str, name: str, rounds: int) -> Row:
    """The same of a page of the work that was done."""
    address = f"{WORK[page]}?range={name}"
    taken = min(_p95(lambda: client.get(address), rounds) for _ in range(3))
    return Row(f"{page} of {name}, p95 ms: ours, allowed", taken, _WORK_PAGE, "<= 1")


def _p95(call: Callable[[], httpx.Response], rounds: int) -> float:
    taken = []
    for number in range(-5, rounds):
        start = time.perf_counter()
        status = call().status_code
        if status not in (200, 304):
            raise NotComparable(f"a page was answered {status}")
        taken += [time.perf_counter() - start] if number >= 0 else []
    return quantiles(taken, n=20)[-1] * 1000


def _weight(client: httpx.Client, name: str) -> Row:
    """Kilobytes of page, styles and scripts without plotly, each compressed by gzip."""
    html = client.get(f"/?range={name}").text
    parts = {address: client.get(address).text for address in _ASSET.findall(html)}
    for address, text in list(parts.items()):
        for module in _IMPORT.findall(text):
            near = f"{address.rpartition('/')[0]}/{module}"
            parts.setdefault(near, client.get(near).text)
    total = sum(len(gzip.compress(text.encode())) for text in (html, *parts.values()))
    return Row(f"page of {name}, kB gzipped: ours, allowed", total / 1000, 60, "<= 1")


def _browser(client: httpx.Client, address: str, cookies: dict[str, str], rounds: int) -> list[Row]:
    from playwright.sync_api import sync_playwright

    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        raise NotComparable("no Chromium: install Debian's `chromium`")
    with sync_playwright() as playwright, _plain_page(client) as plain:
        browser = playwright.chromium.launch(executable_path=found, args=_CHROMIUM)
        held = [{"name": k, "value": v, "url": address} for k, v in cookies.items()]
        shown = _tiles_without_script(browser, address, held)
        drawn = partial(_drawn_after, browser, held)
        both = [(drawn(f"{address}/?range=1y"), drawn(plain)) for _ in range(rounds)]
        browser.close()
    ours, theirs = (median(column) for column in zip(*both, strict=True))
    return [
        Row("tiles visible without JavaScript: ours, of", *shown, ">= 1"),
        Row("first chart of 1y, ms: ours, a plain page with plotly's full bundle", ours, theirs),
    ]


def _tiles_without_script(browser: Any, address: str, held: Any) -> tuple[int, int]:
    """How many tiles show a number, and how many there are."""
    context = browser.new_context(java_script_enabled=False)
    context.add_cookies(held)
    page = context.new_page()
    page.goto(f"{address}/?range=1y", wait_until="commit")
    page.locator(".tile").last.wait_for()
    numbers = page.locator(".tile .number").all()
    shown = sum(tile.is_visible() and bool(tile.text_content()) for tile in numbers)
    context.close()
    return shown, len(numbers)


def _drawn_after(browser: Any, held: Any, address: str) -> float:
    """Milliseconds from the navigation to the first trace, in a profile that has nothing yet."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.add_cookies(held)
    context.add_init_script(_WATCH)
    page = context.new_page()
    page.goto(address)
    page.wait_for_function("window.drawnAt")
    taken = float(page.evaluate("window.drawnAt"))
    context.close()
    return taken


@contextmanager
def _plain_page(client: httpx.Client) -> Iterator[str]:
    """The same figures as plotly's own `write_html` shows them, its bundle beside the page."""
    import tempfile

    import plotly.graph_objects as go
    from plotly.io import to_html
    from plotly.offline import get_plotlyjs

    charts = client.get("/data/overview?range=1y").json()["charts"]
    bodies = [
        to_html(go.Figure(c["figure"]), include_plotlyjs=False, full_html=False) for c in charts
    ]
    script = '<script src="plotly.min.js" charset="utf-8"></script>'
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "plotly.min.js").write_text(get_plotlyjs())
        page = f"<!doctype html><html><head>{script}</head><body>{''.join(bodies)}</body></html>"
        Path(folder, "index.html").write_text(page)
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=folder))
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


class _Quiet(SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, *_: Any) -> None:
        """Say nothing."""
