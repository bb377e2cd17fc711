"""Pages in a browser: forged forms, redirects to elsewhere, scripts from elsewhere."""

import pytest

ELSEWHERE = [
    "https://evil.example/",
    "//evil.example/",
    "/\\evil.example/",
    "\\\\evil.example",
    "https:evil.example",
    "javascript:alert(1)",
    " https://evil.example",
    "http://localhost@evil.example/",
    "/%0d%0aLocation:%20https://evil.example",
]


@pytest.fixture
def boss(django_user_model):
    """A superuser with a password."""
    return django_user_model.objects.create_superuser("boss", password="of-this-test")


@pytest.mark.django_db
@pytest.mark.parametrize("where", ELSEWHERE)
def test_signing_in_leads_nowhere_else(client, boss, where):
    """The page that is asked for must be ours."""
    form = {"username": "boss", "password": "of-this-test", "next": where}
    answer = client.post("/login/", form)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/")
    assert not answer["Location"].startswith(("//", "/\\"))
    assert "\r" not in answer["Location"]


FORMS = ["/login/", "/logout/", "/admin/login/", "/admin/optimizer/tablesettings/add/"]
FORMS += ["/admin/optimizer/purge/add/", "/admin/optimizer/settingschange/1/undo/"]


@pytest.mark.parametrize("path", FORMS)
def test_a_form_sent_from_elsewhere_is_refused(web, path):
    """Without the token of the page it came from nothing is done."""
    headers = {"Origin": "https://evil.example", "Cookie": "csrftoken=" + "a" * 32}
    answer = web.ask("POST", path, data={"username": "a", "password": "b"}, headers=headers)
    assert answer.status_code == 403


@pytest.mark.parametrize("path", ["/", "/data/overview", "/api/optimization/stats", "/admin/"])
def test_a_stranger_sees_no_figures(web, path):
    """Sent to the sign-in, or refused; a Supabase user is a stranger here too."""
    assert web.ask("GET", path).status_code in (302, 401, 403)


def test_a_supabase_token_opens_no_statistics(web, bearer):
    """Not even that of the service."""
    for claims in ({}, {"role": "service_role"}):
        answer = web.ask("GET", "/api/optimization/stats", headers=bearer("alice", **claims))
        assert answer.status_code == 401


@pytest.mark.parametrize("path", ["/login/", "/admin/login/", "/api/docs", "/nowhere", "/health"])
def test_every_page_says_what_a_browser_may_load(web, path):
    """Scripts and styles of ours alone, no frame, no plugin, nothing guessed."""
    headers = web.ask("GET", path).headers
    policy = dict(
        d.strip().partition(" ")[::2] for d in headers["content-security-policy"].split(";")
    )
    assert policy["default-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["object-src"] == policy["base-uri"] == "'none'"
    assert policy["form-action"] == "'self'"
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]


UNCACHED = [
    "/api/contacts", "/api/nowhere", "/api/optimization/stats", "/api/optimization/cost",
    "/api/optimization/shapes", "/api/optimization/series", "/api/optimization/series.csv",
    "/metrics", "/health", "/data/overview", "/data/overdue", "/", "/admin/", "/login/",
]  # fmt: skip


@pytest.mark.django_db
@pytest.mark.usefixtures("fresh_valkey")
@pytest.mark.parametrize("known", [True, False], ids=["staff", "stranger"])
@pytest.mark.parametrize("path", UNCACHED)
def test_no_cache_on_the_way_keeps_an_answer(client, boss, path, known):
    """Not for another caller, and not without asking; a refusal neither."""
    if known:
        client.force_login(boss)
    said = client.get(path).headers.get("Cache-Control", "")
    assert "no-store" in said or {"private", "no-cache"} <= set(said.split(", ")), said


def test_a_markup_in_an_address_is_text(web):
    """What was typed is not run."""
    answer = web.ask("GET", "/login/?next=%22%3E%3Cscript%3Ealert(1)%3C/script%3E")
    assert "<script>alert" not in answer.text
