"""Everything below a path of a host that a proxy shares out."""

import json
import os
import subprocess
import sys

from tests.stack import PROJECT

VISIT = """
import asyncio, json, re
import httpx
from canvalo.asgi import application
from django.contrib.auth.models import User
from django.test import Client

def sign_in():
    browser = Client()
    browser.force_login(User.objects.create_superuser("visitor"))
    return {name: morsel.value for name, morsel in browser.cookies.items()}

def browser(**more):
    transport = httpx.ASGITransport(application)
    return httpx.AsyncClient(transport=transport, base_url="http://testserver", **more)

async def visit(cookies):
    found = {}
    async with browser(cookies=cookies) as visitor, browser() as stranger:
        for page in ("login/", "", "admin/", "data/overview", "api/docs"):
            answer = await visitor.get(at := f"/tools/canvalo/{page}")
            found[at] = answer.status_code
            for link in re.findall(r'(?:href|src)="(/[^"?#]*)', answer.text):
                found[link] = found.get(link) or (await visitor.get(link)).status_code
        sent = [await stranger.get(path) for path in ("/tools/canvalo/", "/", "/health")]
    return found, [answer.headers.get("location") for answer in sent]

print("FOUND" + json.dumps(asyncio.run(visit(sign_in()))))
"""


def test_every_link_stays_below_the_path(stack, transactional_db):
    """Pages, what they load, and where an anonymous visitor is sent; nothing is a 404."""
    from django.db import connection

    name = connection.settings_dict["NAME"]
    env = {
        **os.environ,
        "DATABASE_URL": stack.postgres.url(name),
        "ALLOWED_HOSTS": "testserver",
        "CANVALO_BASE_URL": "https://host.example/tools/canvalo/",
    }
    done = subprocess.run(
        [sys.executable, "-c", VISIT],
        cwd=PROJECT, env=env, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found, sent_to = json.loads(done.stdout.partition("FOUND")[2])
    sign_in = "/tools/canvalo/login/?next=/tools/canvalo/"
    assert sent_to == [sign_in, sign_in, None]  # passed on, stripped; what a load balancer asks
    assert len([link for link in found if "/static/" in link]) > 8
    assert [link for link in found if not link.startswith("/tools/canvalo")] == []
    fine = {200, 301, 302, 405}  # 405: where the page posts to
    assert {link: status for link, status in found.items() if status not in fine} == {}
