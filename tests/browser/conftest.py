"""A real Chromium against a real server, with everything watched that should not happen."""

import os
import shutil
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
import uvicorn
from django.contrib.auth import get_user_model
from django.db import connection
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from optimizer import optimization_settings
from optimizer.conf import Overrides

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
QUIET = ["--no-sandbox", "--disable-background-networking", "--disable-component-update"]
WATCH = """
    window.violations = [];
    document.addEventListener("securitypolicyviolation", (e) =>
        window.violations.push(`${e.violatedDirective} ${e.blockedURI} ${e.sample}`));
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder drives a browser and needs the database for real."""
    for item in items:
        if "tests/browser/" in item.path.as_posix():
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.django_db(transaction=True))


@dataclass
class Watch:
    """What went wrong while a page was open."""

    host: str
    problems: list[str] = field(default_factory=list)
    pages: list[Page] = field(default_factory=list)

    def follow(self, page: Page) -> Page:
        """Note the console's errors, the page's exceptions and requests to other hosts."""
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.problems.append(f"exception: {error}"))
        page.on("request", lambda request: self._asked(request.url))
        self.pages.append(page)
        return page

    def _said(self, message) -> None:
        if message.type in ("error", "warning"):
            self.problems.append(f"{message.type}: {message.text}")

    def _asked(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("data", "blob") and parts.netloc != self.host:
            self.problems.append(f"another host: {url}")

    def all_problems(self) -> list[str]:
        """Also what the content security policy refused on the pages as they are now."""
        blocked = [v for page in self.pages for v in page.evaluate("window.violations ?? []")]
        return [*self.problems, *(f"blocked: {violation}" for violation in blocked)]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for all tests of a module; where it is imported, a wider scope is the session.

    It must end with the last test that needs it: while Playwright's loop runs in this thread, no
    asynchronous test can.
    """
    if CHROMIUM is None:
        pytest.skip("no Chromium: install Debian's `chromium`")
    # Playwright's own loop runs in this thread, which Django would take for asynchronous code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def server(transactional_db, fresh_valkey) -> Iterator[str]:
    """The project's ASGI application on a port of its own; its address."""
    from canvalo.asgi import application

    listener = socket.create_server(("127.0.0.1", 0))
    running = uvicorn.Server(uvicorn.Config(application, log_level="warning", loop="asyncio"))
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    running.should_exit = True
    thread.join(10)
    assert not thread.is_alive()
    optimization_settings.adopt(Overrides())  # what it obeyed is not for other tests
    connection.close()
    connection.close_pool()  # what the server's threads left open would keep the database in use


@pytest.fixture
def staff(transactional_db):
    """Alice, who may see everything."""
    return get_user_model().objects.create_user("alice", password="correct horse", is_staff=True)


@pytest.fixture
def watch(server) -> Watch:
    """Collects problems; a test that expects some empties it."""
    return Watch(urlsplit(server).netloc)


@pytest.fixture
def context(chromium, server) -> Iterator[BrowserContext]:
    """A fresh browser profile."""
    made = chromium.new_context(base_url=server, viewport={"width": 1440, "height": 900})
    made.add_init_script(WATCH)
    yield made
    made.close()


@pytest.fixture
def page(context, watch) -> Iterator[Page]:
    """A page on which nothing may go wrong."""
    opened = watch.follow(context.new_page())
    yield opened
    assert watch.all_problems() == []


@pytest.fixture
def signed_in(page, staff) -> Page:
    """The overview as Alice sees it after signing in by hand."""
    sign_in(page, "alice", "correct horse")
    page.wait_for_url("**/")
    return page


def sign_in(page: Page, name: str, password: str) -> None:
    """Fill in the form and send it."""
    page.goto("/login/")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
