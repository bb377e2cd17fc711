"""Sends what the demo's visitors ask to the web server, one request after the other."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress

import httpx

from canvalo.devstack import demo, tokens
from canvalo.devstack.demo import Ask, Row, Visitors

_TOKEN_LIFE = 3600  # s
_RENEW_BEFORE = 300.0  # s before its end
_AGAIN_AFTER = 1.0  # s between looks at a server that is away
_PATIENCE = 15.0  # s; both are started at once, and the server takes longer
_FAREWELL = 0.5  # s; the supervisor stops the web server at the same time


class Trouble(Exception):  # noqa: N818 - told to the user, and waited out
    """The web server cannot be asked now; the text says why."""


class Traffic:
    """Goes on until it is cancelled; a server that is away is waited for."""

    def __init__(
        self,
        visitors: Visitors,
        url: str,
        secret: str,
        rate: float,
        say: Callable[[str], object],
        patience: float = _PATIENCE,
    ) -> None:
        self._visitors = visitors
        self._url = url
        self._tokens = Tokens(secret)
        self._rate = rate
        self._say = say
        self._patience = patience
        self._away_since: float | None = None
        self._told = False

    async def run(self) -> None:
        """Remove what an earlier run left, then make traffic; at the end remove what was made."""
        async with httpx.AsyncClient(base_url=self._url, timeout=10, trust_env=False) as client:
            try:
                while True:
                    await self._until_trouble(client)
            finally:
                await self._leave(client)

    async def _until_trouble(self, client: httpx.AsyncClient) -> None:
        try:
            await self._tidy(client)
            self._all_is_well()
            while True:
                await self._answer(client, self._visitors.next())
                await asyncio.sleep(self._visitors.pause(self._rate))
        except Trouble as trouble:
            self._tell(trouble)
            await asyncio.sleep(_AGAIN_AFTER)

    async def _tidy(self, client: httpx.AsyncClient) -> None:
        """Remove every row of the demo: also those whose making was never confirmed."""
        for search in demo.searches():
            for removal in demo.removals(search, await self._answer(client, search)):
                await self._answer(client, removal)

    async def _answer(self, client: httpx.AsyncClient, ask: Ask) -> list[Row]:
        """Send one request and let the visitors learn from it; the rows that came."""
        headers = {"Authorization": f"Bearer {self._tokens.of(ask.user)}"}
        try:
            answer = await client.request(
                ask.method, ask.path, params=ask.params, json=ask.body, headers=headers
            )
        except httpx.TransportError as error:
            raise Trouble("does not answer") from error
        rows = _rows(answer)
        self._visitors.learn(ask, answer.status_code, rows)
        return rows

    async def _leave(self, client: httpx.AsyncClient) -> None:
        # What is not removed in time, the next start removes.
        with suppress(TimeoutError, Trouble):
            async with asyncio.timeout(_FAREWELL):
                await self._tidy(client)

    def _tell(self, trouble: Trouble) -> None:
        """Mention, once, a trouble that lasts."""
        now = time.monotonic()
        if self._away_since is None:
            self._away_since = now
        if not self._told and now - self._away_since >= self._patience:
            self._say(f"{self._url} {trouble}: waiting for it")
            self._told = True

    def _all_is_well(self) -> None:
        if self._told:
            self._say(f"{self._url} answers")
        self._away_since, self._told = None, False


class Tokens:
    """The visitors' tokens, minted anew before they expire."""

    def __init__(self, secret: str) -> None:
        self._secret = secret
        self._held: dict[str, tuple[str, float]] = {}

    def of(self, user: str) -> str:
        """A token of this visitor that is valid for some minutes yet."""
        token, renew_at = self._held.get(user, ("", float("-inf")))
        if time.monotonic() >= renew_at:
            token = tokens.user(self._secret, user, expires_in=_TOKEN_LIFE)
            self._held[user] = token, time.monotonic() + _TOKEN_LIFE - _RENEW_BEFORE
        return token


def _rows(answer: httpx.Response) -> list[Row]:
    """The rows of an answer, none where the row is gone; raises Trouble where it is no answer."""
    if answer.status_code == 404:
        return []
    is_json = answer.headers.get("content-type", "").startswith("application/json")
    if not (answer.is_success and is_json):
        raise Trouble(f"answers {answer.status_code}, {'' if is_json else 'not '}JSON")
    body = answer.json()
    return body if isinstance(body, list) else [body]
