"""How long a request may take to arrive and to be answered, with limits short enough to see."""

import asyncio
import json

import pytest

from canvalo.limits import Limits, Refused, limited

SHORT = Limits(arrive=0.05, answer=0.1)
POST = {"type": "http", "headers": [], "query_string": b"", "raw_path": b"/", "method": "POST"}


class Client:
    """One exchange: what is sent piece by piece, and what comes back."""

    def __init__(self, *pieces):
        self.pieces, self.answer = list(pieces), []

    async def receive(self):
        if not self.pieces:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": self.pieces.pop(0), "more_body": bool(self.pieces)}

    async def send(self, message):
        self.answer.append(message)

    @property
    def status(self):
        return self.answer[0]["status"]


class Slow(Client):
    """Sends the beginning of a body, and then nothing."""

    async def receive(self):
        if len(self.pieces) > 1:
            return {"type": "http.request", "body": self.pieces.pop(0), "more_body": True}
        return await asyncio.Event().wait()


async def echo(scope, receive, send):
    """Reads the whole body and says how much it was."""
    size, more = 0, True
    while more:
        message = await receive()
        size, more = size + len(message["body"]), message["more_body"]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(size).encode()})


async def endless(scope, receive, send):
    """Never answers."""
    await asyncio.Event().wait()


async def stuck(scope, receive, send):
    """Begins to answer, and does not end."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await asyncio.Event().wait()


async def ask(app, client, limits=SHORT):
    await limited(app, limits)(POST, client.receive, client.send)
    return client


async def test_a_body_that_arrives_is_passed_on_whole():
    client = await ask(echo, Client(b"a" * 10, b"b" * 10))
    assert (client.status, client.answer[1]["body"]) == (200, b"20")


async def test_a_body_that_does_not_arrive_is_not_waited_for():
    """Many such requests would hold the server's memory and its connections."""
    client = await ask(echo, Slow(b"{", b"}"))
    assert client.status == 408
    assert json.loads(client.answer[1]["body"])["code"] == "body_too_slow"
    assert (b"connection", b"close") in client.answer[0]["headers"]


async def test_an_answer_that_does_not_come_is_given_up():
    client = await ask(endless, Client(b""))
    assert (client.status, json.loads(client.answer[1]["body"])["code"]) == (503, "too_slow")


async def test_an_answer_that_has_begun_is_cut_off():
    """A second status in the middle of it would be read as its text."""
    client = Client(b"")
    with pytest.raises(Refused):
        await ask(stuck, client)
    assert len(client.answer) == 1


async def test_pieces_are_added_up():
    client = await ask(echo, Client(*[b"a" * 400] * 3), Limits(body=1_000))
    assert client.status == 413


async def test_a_body_of_just_the_limit_is_taken():
    client = await ask(echo, Client(*[b"a" * 500] * 2), Limits(body=1_000))
    assert client.status == 200
