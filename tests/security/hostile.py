"""The page docs/hostile.md, made of the very tables that the tests go through.

`python -m tests.security.hostile > docs/hostile.md`
"""

from collections.abc import Callable, Iterable

from canvalo.crm.tables import TABLES

_TITLE = """\
# Hostile inputs, and the answer of each

Written by `python -m tests.security.hostile > docs/hostile.md`; a test fails when this page
differs. Each line is an input that a test sends, to a real web process unless the test says
otherwise, and the answer that the test demands.
What stands at each boundary: [SECURITY.md](../SECURITY.md).
"""
Line = tuple[str, str]


def document() -> str:
    """The whole page, in Markdown."""
    parts = [_part(title, where, list(lines())) for title, where, lines in PARTS]
    return "\n".join([_TITLE, *parts])


def count() -> int:
    """How many inputs there are."""
    return sum(len(list(lines())) for _, _, lines in PARTS)


def _part(title: str, where: str, lines: list[Line]) -> str:
    rows = [f"| {_cell(what)} | {_cell(answer)} |" for what, answer in lines]
    head = ["| input | answer |", "|---|---|"]
    return "\n".join([f"## {title}", "", f"`{where}`", "", *head, *rows, ""])


def _cell(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")


def _tokens() -> Iterable[Line]:
    from tests.security import test_tokens as tests

    yield from ((name, "401, and nothing of the token or a key in it") for name in tests.HOSTILE)
    for header in tests.FETCHED:
        yield f"`{header}`: a key to be fetched elsewhere", "401, and nobody is called"
    for name in tests.ISSUERS:
        yield f"issued by {name}, where an issuer is set", "refused as no token of this issuer"
    yield "a published key taken for a shared secret", "refused"


def _heads() -> Iterable[Line]:
    from tests.security import test_heads as tests

    for name, (_, statuses) in tests.HOSTILE.items():
        yield name, _statuses(statuses)
    for given in (b"short", b"with spaces", b"65 letters", b"no ASCII"):
        yield f"`X-Request-ID`: {given.decode()}", "answered under another name of ours"
    for token in tests.JUNK:
        yield f"`canvalo-token`: {token[:12]!r}", "200 from Supabase, or 400"
    yield "`X-HTTP-Method-Override`, `X-Original-URL`, `X-Forwarded-Host` …", "200, all ignored"


def _bodies() -> Iterable[Line]:
    from tests.security import test_bodies as tests

    yield from ((name, str(case[3])) for name, case in tests.HOSTILE.items())
    yield "two equal names, the last one wrong", "422"
    yield "a body without end, in pieces", "413 at a megabyte"
    for formula in tests.FORMULAS:
        yield (
            f"a name that is a formula: {formula.strip()}",
            "text in JSON, never CSV",
        )


def _objects() -> Iterable[Line]:
    from tests.security import test_objects as tests

    for table in TABLES:
        for method in ("GET", "PATCH", "PUT", "DELETE"):
            yield f"{method} a row of {table.name} that is another's", "404, the row as it was"
        yield f"another's row in a batch of {table.name}", "200, nothing done, no row shown"
    yield from ((f"an id that is none: `{key}`", "404") for key in tests.KEYS)


def _keys() -> Iterable[Line]:
    from tests.security import test_cache_keys as tests

    for name, (one, other) in tests.PAIRS.items():
        yield f"{name}: `{one}` after `{other}`", "each its own answer"
    yield from ((f"`{h}`: another's id", "the caller's own rows") for h in tests.HEADERS)
    yield "two `Authorization` headers", "401"


def _webhooks() -> Iterable[Line]:
    from tests.security import test_webhooks as tests

    yield from ((name, "401") for name in tests.STRANGERS)
    yield "the secret in the address", "401"
    for order in tests.ORDERS:
        yield f"forged {', '.join(order)}, twice", "200; the next answer is Supabase's own"
    yield "addresses in every field", "200 or 422, and nobody is called"


def _alerts() -> Iterable[Line]:
    from tests.alerts import test_hooks as tests

    for address, public in tests.test_what_counts_as_public.pytestmark[0].args[1]:
        if not public:
            yield f"an alert's webhook at {address}", "not called; the mail is dead, and says why"
    for address in tests.test_what_is_no_webhook_is_refused_in_the_form.pytestmark[0].args[1]:
        yield f"an alert's webhook: `{address}`", "refused in the form"
    yield "a webhook that redirects", "not followed"


def _pages() -> Iterable[Line]:
    from tests.security import test_pages as tests

    yield from (
        (f"`next={where}` at sign-in", "302 to a page of ours") for where in tests.ELSEWHERE
    )
    yield from ((f"a form sent from elsewhere to `{path}`", "403") for path in tests.FORMS)
    yield "markup in an address", "shown as text; scripts of a page do not run"
    yield "a Supabase token, also the service's, for the statistics", "401"


def _exports() -> Iterable[Line]:
    from tests.dashboard import test_alert_page as tests

    for name in tests.FORMULAS:
        spelt = name.encode("unicode_escape").decode()
        yield f"a rule called `{spelt}`", "a text in the CSV, by a quote before it"


def _signing_in() -> Iterable[Line]:
    from tests.security import test_signin as tests

    yield "twelve guesses at once", "five at most are asked, the others 429"
    yield from (
        (f"guesses from {one} and then {other}", "429, as from one machine")
        for one, other in tests.SAME
    )


def _staff() -> Iterable[Line]:
    from tests.security import test_groups as tests

    for group, model, lookup in tests.GUESSES:
        yield f"a {group} filters {model} by `{lookup}`", "400: nothing is told letter by letter"
    for path in ("change/", "delete/", "password/"):
        yield f"an admin at `{path}` of an account that may do more", "403, the account as it was"


def _statuses(statuses: Iterable[int | None]) -> str:
    known = sorted(status for status in statuses if status is not None)
    return " or ".join([*map(str, known), *(["closed"] if None in statuses else [])])


PARTS: tuple[tuple[str, str, Callable[[], Iterable[Line]]], ...] = (
    ("Tokens", "tests/security/test_tokens.py", _tokens),
    ("Request lines, headers, paths", "tests/security/test_heads.py", _heads),
    ("Bodies", "tests/security/test_bodies.py", _bodies),
    ("Other people's rows", "tests/security/test_objects.py", _objects),
    ("Questions that look alike", "tests/security/test_cache_keys.py", _keys),
    ("Webhooks that come in", "tests/security/test_webhooks.py", _webhooks),
    ("Webhooks that go out", "tests/alerts/test_hooks.py", _alerts),
    ("Pages and forms", "tests/security/test_pages.py", _pages),
    ("Exports", "tests/dashboard/test_alert_page.py", _exports),
    ("Signing in", "tests/security/test_signin.py", _signing_in),
    ("Staff", "tests/security/test_groups.py", _staff),
)

if __name__ == "__main__":
    import os

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "canvalo.settings")
    import django

    django.setup()
    print(document(), end="")
