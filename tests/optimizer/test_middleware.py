"""A request's token holds for all that it reads, and its writes give one back."""

import pytest

from optimizer import runtime
from optimizer.domain.causal import HEADER
from tests.optimizer.callers import user
from tests.optimizer.upstream import rows

pytestmark = pytest.mark.usefixtures("configured")


@pytest.fixture
def bearer(settings, upstream):
    """Alice, whose project is the test's server."""
    settings.SUPABASE_URL = upstream.url
    return {"Authorization": f"Bearer {user()}"}


@pytest.fixture(autouse=True)
async def closed():
    """Nothing is left open."""
    yield
    await runtime.close_current()


async def test_a_write_over_the_api_gives_a_token_that_the_api_takes(
    async_client, bearer, upstream, transactional_db
):
    """A reader with it is not answered from what was kept before."""
    upstream.answer = lambda asked: rows([{"id": str(len(upstream.asked))}])
    written = await async_client.delete(
        f"/api/contacts/{'0' * 8}-0000-4000-8000-{'0' * 12}", headers=bearer
    )
    token = written.headers[HEADER]
    read = await async_client.get("/api/contacts", headers={**bearer, HEADER: token})
    assert HEADER not in read.headers
    assert read.headers["x-cache"] == "miss"
    read = await async_client.get("/api/contacts", headers={**bearer, HEADER: token})
    assert read.headers["x-cache"] == "hit"
    read = await async_client.get("/api/contacts", headers={**bearer, HEADER: "bypass"})
    assert read.headers["x-cache"] == "bypass"
