"""The API as a client sees it: Django's ASGI handler over the running stand-in."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio
from django.test import AsyncClient

from optimizer import runtime
from tests.stack import Supabase


class Person:
    """Someone with a token, or without one."""

    def __init__(self, token: str | None) -> None:
        self.token = token
        self._client = AsyncClient(raise_request_exception=False)

    async def ask(self, method: str, path: str, data: Any = None, **headers: str) -> Any:
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        options = {} if data is None else {"data": data, "content_type": "application/json"}
        ask = getattr(self._client, method)
        return await ask(path, headers=headers, **options)


@pytest_asyncio.fixture
async def engine(
    supabase: Supabase, fresh_valkey: str, transactional_db: None
) -> AsyncIterator[runtime.Runtime]:
    """The runtime of this test's loop, closed at its end."""
    yield runtime.current()
    await runtime.close_current()


@pytest.fixture
def person(engine: runtime.Runtime, token_for: Callable[..., str]) -> Callable[..., Person]:
    """Makes callers: `person("alice")`, `person(None)`."""

    def make(name: str | None, **claims: Any) -> Person:
        return Person(None if name is None else token_for(name, **claims))

    return make
