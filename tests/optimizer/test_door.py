"""The door for supabase-py: questions about rows go through the engine, all else is untouched."""

import gzip
import itertools
from types import SimpleNamespace

import httpx
import pytest
import pytest_asyncio
from redis.asyncio import Redis

from canvalo.devstack import tokens
from optimizer.cache.memory import MemoryTier
from optimizer.cache.shared import SharedTier
from optimizer.cache.tiered import TieredCache
from optimizer.conf import OptimizationSettings
from optimizer.defaults import Defaults
from optimizer.domain.facts import Operation, UpstreamCall
from optimizer.door import SERVED, Door
from optimizer.engine import Engine
from optimizer.errors import OutcomeUnknown, UpstreamError
from optimizer.upstream.breaker import Breaker
from optimizer.upstream.client import make_client
from optimizer.upstream.tokens import TokenVerifier
from optimizer.upstream.transport import Terms, make_transport
from tests.optimizer.upstream import rows

SECRET = "s" * 48
ANON = tokens.api_key(SECRET, "anon")
PATH = "/rest/v1/contacts?select=%2A"


def token(name="alice", **claims):
    """A user's token."""
    return tokens.mint(SECRET, **{"role": "authenticated", "sub": name, **claims})


@pytest_asyncio.fixture
async def parts(fresh_valkey, facts, clock):
    """What every door of a process shares."""
    valkey, transport = Redis.from_url(fresh_valkey), make_transport(Terms())
    tiers = TieredCache(MemoryTier(100, 10**6), SharedTier(valkey), facts, clock)
    engine = Engine(tiers, OptimizationSettings(Defaults()), facts)
    yield SimpleNamespace(engine=engine, transport=transport, verifier=TokenVerifier(SECRET))
    await transport.aclose()
    await valkey.aclose()


@pytest.fixture
def door(parts):
    """A caller's door."""
    return Door(parts.engine, parts.transport, parts.verifier)


@pytest_asyncio.fixture
async def ask(door, upstream):
    """Sends a raw request through the door, with a token unless told otherwise."""
    client = httpx.AsyncClient(base_url=upstream.url, transport=door)

    async def send(method="GET", path=PATH, bearer=None, **headers):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        content = named.pop("content", None)
        auth = {"authorization": f"Bearer {token() if bearer is None else bearer}"}
        return await client.request(method, path, headers={**auth, **named}, content=content)

    yield send
    await client.aclose()


def outcomes(*responses):
    """How each was answered."""
    return [response.headers.get("x-cache") for response in responses]


async def test_supabase_py_meets_the_cache_without_knowing(door, upstream):
    """Its own builder, its own result, twice the same, one call."""
    client = make_client(upstream.url, ANON, door, token())
    found = [
        await client.schema("api").table("contacts").select("*").eq("id", 1).execute()
        for _ in range(3)
    ]
    assert [one.data for one in found] == [[{"id": 1}]] * 3
    assert len(upstream.asked) == 1
    assert upstream.asked[0].bearer != ANON


async def test_an_answer_says_how_it_was_come_by(ask, clock):
    """In headers for anyone, and as a value for our own views."""
    first = await ask()
    clock.now += 5
    second = await ask()
    assert outcomes(first, second) == ["miss", "hit"]
    assert second.headers["age"] == "5"
    assert second.content == first.content
    assert second.extensions[SERVED].outcome == "hit"


async def test_a_refreshed_token_keeps_its_entries_and_another_user_has_none(ask):
    """Who asks is what the token says, not the token."""
    answers = [
        await ask(bearer=token(expires_in=60)),
        await ask(bearer=token(expires_in=90)),
        await ask(bearer=token("bob")),
        await ask(bearer=token(role="service_role")),
    ]
    assert outcomes(*answers) == ["miss", "hit", "miss", "miss"]


@pytest.mark.parametrize(
    "bearer",
    [
        pytest.param(lambda: token(expires_in=-1), id="expired"),
        pytest.param(lambda: tokens.mint("t" * 48, role="service_role"), id="forged"),
        pytest.param(lambda: "eyJhbGciOiJub25lIn0.e30.", id="alg none"),
        pytest.param(lambda: "garbage", id="garbage"),
    ],
)
async def test_a_token_that_cannot_be_verified_is_sent_on_and_never_cached(
    ask, upstream, valkey, bearer
):
    """Supabase says what is wrong with it, each time; nothing is kept, nothing is served."""
    await ask()
    sent = bearer()
    upstream.answer = lambda asked: rows({"message": f"no: {asked.bearer}"}, 401)
    answers = [await ask(bearer=sent) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert [answer.json()["message"] for answer in answers] == [f"no: {sent}"] * 2
    assert outcomes(*answers) == ["bypass", "bypass"]
    upstream.answer = lambda _: rows([])
    assert outcomes(await ask(bearer=sent), await ask(bearer=sent)) == ["bypass", "bypass"]
    assert len(await valkey.keys("{canvalo}:e:*")) == 1


@pytest.mark.parametrize("shown", [None, "Basic YTpi", "Bearer"])
async def test_without_a_bearer_nothing_is_cached(door, upstream, shown):
    """Nobody in particular is nobody to share with."""
    header = {"authorization": shown} if shown else {}
    async with httpx.AsyncClient(base_url=upstream.url, transport=door) as client:
        answers = [await client.get(PATH, headers=header) for _ in range(2)]
    assert outcomes(*answers) == ["bypass", "bypass"]
    assert len(upstream.asked) == 2


async def test_an_opaque_key_has_entries_of_its_own(ask):
    """Each key by its hash, and apart from every user."""
    answers = [
        await ask(bearer="sb_publishable_1"),
        await ask(bearer="sb_publishable_1"),
        await ask(bearer="sb_secret_1"),
        await ask(),
        await ask(apikey="sb_secret_1"),
    ]
    assert outcomes(*answers) == ["miss", "hit", "miss", "miss", "miss"]


async def test_a_user_trusted_in_process_shares_with_no_token(parts, upstream):
    """Though both name alice, and both use the service role's key."""
    key = tokens.api_key(SECRET, "service_role")
    answers = []
    for user in ("alice", "bob", None, "alice"):
        door = Door(parts.engine, parts.transport, parts.verifier, trusted_user=user)
        async with httpx.AsyncClient(base_url=upstream.url, transport=door) as client:
            answers.append(await client.get(PATH, headers={"authorization": f"Bearer {key}"}))
    assert outcomes(*answers) == ["miss", "miss", "miss", "hit"]


async def test_while_the_keys_cannot_be_fetched_reads_go_through_uncached(parts, upstream):
    """The keys' server is away, the rows' server is not."""

    async def fetch():
        raise UpstreamError("away")

    verifier = TokenVerifier("", fetch)
    bearer = tokens.mint_with_key(tokens.new_jwks()["keys"][0], role="authenticated")
    door = Door(parts.engine, parts.transport, verifier)
    async with httpx.AsyncClient(base_url=upstream.url, transport=door) as client:
        answer = await client.get(PATH, headers={"authorization": f"Bearer {bearer}"})
    assert (answer.status_code, outcomes(answer)) == (200, ["bypass"])


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/auth/v1/user"),
        ("POST", "/auth/v1/token?grant_type=password"),
        ("POST", "/storage/v1/object/avatars/a%20b.png"),
        ("GET", "/rest/v1/"),
        ("OPTIONS", "/rest/v1/contacts"),
        ("GET", "/rest/v1/rpc/total?year=2026"),
        ("POST", "/functions/v1/hello"),
    ],
)
async def test_what_is_not_about_rows_passes_through_untouched(
    ask, upstream, facts, valkey, method, path
):
    """Not a header more, not a byte less, each time anew, and nothing is counted or kept."""
    upstream.answer = lambda _: (418, {"x-own": "1", "set-cookie": "a=b"}, b"\x00\xff")
    for _ in range(2):
        answer = await ask(method, path, content=b"\x00body", x_mine="2")
        assert (answer.status_code, answer.content) == (418, b"\x00\xff")
        assert (answer.headers["x-own"], answer.headers["set-cookie"]) == ("1", "a=b")
        assert "x-cache" not in answer.headers
    assert len(upstream.asked) == 2
    asked = upstream.asked[0]
    assert (asked.method, asked.target, asked.body) == (method, path, b"\x00body")
    assert asked.headers["x-mine"] == "2"
    assert facts == []
    assert await valkey.keys("{canvalo}:[efs]:*") == []


async def test_head_is_answered_from_its_own_entry(ask, upstream):
    """Without a body, with the count that was asked for, and never from GET's."""
    upstream.answer = lambda _: rows([{"id": 1}], 206, content_range="0-0/573")
    get = await ask()
    heads = [await ask("HEAD", prefer="count=exact") for _ in range(2)]
    assert outcomes(get, *heads) == ["miss", "miss", "hit"]
    assert [head.content for head in heads] == [b"", b""]
    assert heads[1].headers["content-range"] == "0-0/573"
    assert [asked.method for asked in upstream.asked] == ["GET", "HEAD"]


async def test_a_compressed_answer_can_be_read_from_upstream_and_from_the_cache(ask, upstream):
    """It is kept as it came."""
    body = gzip.compress(b'[{"id": 7}]')
    encoding = {"content-encoding": "gzip", "content-type": "application/json"}
    upstream.answer = lambda _: (200, encoding, body)
    answers = [await ask() for _ in range(2)]
    assert outcomes(*answers) == ["miss", "hit"]
    assert [answer.json() for answer in answers] == [[{"id": 7}]] * 2


async def test_embeds_are_asked_each_time(ask, upstream):
    """Which tables they read is not known without the schema."""
    path = "/rest/v1/contacts?select=id,projects(name)"
    assert outcomes(await ask(path=path), await ask(path=path)) == ["bypass", "bypass"]
    assert len(upstream.asked) == 2


@pytest.mark.parametrize("status", [400, 404, 406, 500, 504])
async def test_an_error_is_passed_on_and_never_kept(ask, upstream, status):
    """Its body is Supabase's own."""
    upstream.answer = lambda _: rows({"message": "no", "n": len(upstream.asked)}, status)
    answers = [await ask() for _ in range(2)]
    assert [(a.status_code, a.json()["n"]) for a in answers] == [(status, 1), (status, 2)]
    assert outcomes(*answers) == ["bypass", "bypass"]


@pytest.mark.parametrize(
    ("method", "path", "operation"),
    [
        ("POST", "/rest/v1/contacts", Operation.INSERT),
        ("PATCH", "/rest/v1/contacts?id=eq.1", Operation.UPDATE),
        ("PUT", "/rest/v1/contacts?id=eq.1", Operation.UPSERT),
        ("DELETE", "/rest/v1/contacts?id=eq.1", Operation.DELETE),
        ("DELETE", "/rest/v1/companies?id=eq.1", Operation.DELETE),
        ("POST", "/rest/v1/rpc/archive", Operation.RPC),
    ],
)
async def test_a_write_is_sent_once_as_it_is_and_seen_by_the_next_read(
    ask, upstream, facts, method, path, operation
):
    """Also a DELETE elsewhere, which may cascade, and a function, which may write anywhere."""
    await ask()
    sent = b'[{"name": "Ada"}]'
    made = await ask(method, path, content=sent, prefer="return=minimal,tx=rollback")
    assert outcomes(made) == ["bypass"]
    asked = upstream.asked[-1]
    assert (asked.method, asked.target, asked.body) == (method, path, sent)
    assert asked.headers["prefer"] == "return=minimal,tx=rollback"
    assert facts.of(UpstreamCall)[-1].operation is operation
    assert facts.of(UpstreamCall)[-1].sent_bytes == len(sent)
    assert outcomes(await ask(), await ask()) == ["miss", "hit"]


async def test_a_write_is_never_sent_twice(ask, upstream):
    """A broken connection is told, not tried again."""
    upstream.answer = lambda _: None
    with pytest.raises(OutcomeUnknown):
        await ask("POST", "/rest/v1/contacts", content=b"[]")
    assert upstream.count("POST") == 1


async def test_a_project_behind_a_path_is_understood(parts, upstream):
    """As the gateway has it."""
    door = Door(parts.engine, parts.transport, parts.verifier, base_path="/supabase")
    async with httpx.AsyncClient(base_url=upstream.url, transport=door) as client:
        answers = [
            await client.get(f"/supabase{PATH}", headers={"authorization": f"Bearer {token()}"})
            for _ in range(2)
        ]
    assert outcomes(*answers) == ["miss", "hit"]
    assert upstream.asked[0].target == f"/supabase{PATH}"


async def test_where_no_schema_is_named_the_default_one_is_meant(parts, upstream):
    """A write that names it ends what was read without a name."""
    door = Door(parts.engine, parts.transport, parts.verifier, schema="crm")
    async with httpx.AsyncClient(base_url=upstream.url, transport=door) as client:
        client.headers["authorization"] = f"Bearer {token()}"
        before = [await client.get(PATH) for _ in range(2)]
        await client.post("/rest/v1/contacts", content=b"[]", headers={"content-profile": "crm"})
        after = await client.get(PATH)
    assert outcomes(*before, after) == ["miss", "hit", "miss"]


AWAY = rows(dict.fromkeys(("message", "details", "hint")) | {"code": "PGRST002"}, 503)


async def test_a_write_that_postgrest_did_not_come_to_is_sent_again(ask, upstream):
    """It reads its schema anew: nothing was carried out, so not even an insert is done twice."""
    answers = iter([AWAY, rows({}, 201)])
    upstream.answer = lambda _: next(answers)
    answer = await ask("POST", "/rest/v1/contacts", content=b"[]")
    assert (answer.status_code, upstream.count("POST")) == (201, 2)


async def test_a_write_that_never_began_leaves_nothing_behind(parts, upstream):
    """Its table is kept from the next read on; behind another 503 it would not be for a minute."""
    transport = make_transport(Terms(retry_attempts=1))
    door = Door(parts.engine, transport, parts.verifier)
    async with httpx.AsyncClient(base_url=upstream.url, transport=door) as client:
        client.headers["authorization"] = f"Bearer {token()}"
        for body, seen in ((AWAY, ["miss", "hit"]), (rows({}, 503), ["miss", "miss"])):
            upstream.answer = lambda asked, body=body: body if asked.body else rows([])
            assert (await client.post("/rest/v1/contacts", content=b"[]")).status_code == 503
            assert outcomes(*[await client.get(PATH) for _ in range(2)]) == seen


@pytest.mark.parametrize("status", [429, 503])
async def test_a_status_that_a_function_chose_is_its_answer(ask, upstream, status):
    """`response.status` is set for what was carried out: sent again it would be done twice."""
    upstream.answer = lambda _: rows([{"tries": 3}], status, content_range="0-0/*")
    answer = await ask("POST", "/rest/v1/rpc/try_code", content=b"{}")
    assert (answer.status_code, answer.json()) == (status, [{"tries": 3}])
    assert upstream.count("POST") == 1


async def test_a_function_that_refuses_with_503_shuts_nobody_out(ask, parts, upstream, facts):
    """`raise sqlstate 'PT503'` is its own word, and rolled back: Supabase is well."""
    ticks = itertools.count()
    parts.transport.breaker = Breaker(Terms(), facts, lambda: next(ticks) / 10)
    refusal = rows(dict.fromkeys(("message", "details", "hint")) | {"code": "PT503"}, 503)
    upstream.answer = lambda asked: refusal if "rpc" in asked.path else rows([])
    for _ in range(60):
        assert (await ask("POST", "/rest/v1/rpc/closed", content=b"{}")).status_code == 503
    assert upstream.count("POST") == 60
    assert (await ask()).status_code == 200
