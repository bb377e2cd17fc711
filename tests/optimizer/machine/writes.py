"""Writes of the machine: each begins, may take effect, and is acknowledged, lost or refused."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from optimizer.domain import causal
from optimizer.domain.answer import Answer, Call
from optimizer.domain.facts import Operation
from optimizer.domain.grain.requests import Write
from optimizer.domain.query import Change
from optimizer.errors import FenceUnavailable, OutcomeUnknown, UpstreamError, UpstreamUnreachable
from tests.optimizer.machine.processes import LIFE, Process
from tests.optimizer.machine.promises import Promises

PATIENCE = LIFE / 2  # s after which a writer gives up
LATEST = LIFE - 100  # s after which Supabase lets nothing take effect; the rest is the margin
HANGS = 20.0


class Fate(StrEnum):
    """What becomes of a write."""

    ACKNOWLEDGED = "acknowledged"
    REFUSED = "refused"  # a 409: nothing changed
    UNSENT = "unsent"
    LOST = "lost"  # the connection broke off
    GATEWAY = "gateway"  # a 504 from something on the way
    CANCELLED = "cancelled"


@dataclass(eq=False)
class Writing:
    """A write under way; `version` is there once it has taken effect."""

    process: Process
    relation: str
    begun: float
    lands: bool  # if nobody hears of it: whether it takes effect in the end
    version: int = 0
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    fate: asyncio.Future | None = None
    task: asyncio.Task | None = None

    @property
    def fenced(self) -> bool:
        """Whether Valkey heard of its beginning."""
        return self.process.fenced.get(self.task, False)


class Writes:
    """Starts writes, decides what becomes of them, and notes who was told."""

    def __init__(self, promises: Promises, tally: Counter[str]) -> None:
        self._promises = promises
        self._tally = tally
        self.open: list[Writing] = []
        self._unknown: list[Writing] = []
        self.tokens: list[tuple[str, str, int]] = []  # token, relation, version

    async def start(
        self, process: Process, relation: str, operation: Operation, now: float, *, lands: bool
    ) -> Writing | None:
        """Begin a write; None where it was refused, because nobody could be told."""
        writing = Writing(process, relation, now, lands)
        writing.fate = asyncio.get_running_loop().create_future()
        writing.task = asyncio.create_task(_send(writing, operation))
        arrived = asyncio.create_task(writing.arrived.wait())
        done, _ = await asyncio.wait(
            {writing.task, arrived}, timeout=HANGS, return_when=asyncio.FIRST_COMPLETED
        )
        arrived.cancel()
        assert done, "a write hangs"
        if not writing.arrived.is_set():
            assert isinstance(writing.task.exception(), FenceUnavailable)
            self._tally["writes refused"] += 1
            return None
        self.open.append(writing)
        return writing

    def commit(self, writing: Writing, wall: float) -> None:
        """It takes effect."""
        if not writing.version:
            writing.version = self._promises.commit(writing.relation, wall)

    async def finish(self, writing: Writing, fate: Fate, now: float, wall: float) -> None:
        """Its answer comes, or none."""
        self.open.remove(writing)
        self._tally[f"writes {fate}"] += 1
        if fate in (Fate.ACKNOWLEDGED, Fate.GATEWAY):
            self.commit(writing, wall)
        elif fate in (Fate.REFUSED, Fate.UNSENT) and writing.version:
            fate = Fate.LOST  # it has taken effect already
        await self._deliver(writing, fate)
        await self._told(writing, fate, now)

    def out_of_time(self, now: float) -> list[Writing]:
        """Those under way whose writers have given up by then."""
        return [one for one in self.open if now >= one.begun + PATIENCE]

    def pass_time(self, now: float, wall: float) -> None:
        """What Supabase still held takes effect while it can, or never does."""
        for writing in self._unknown:
            if now >= writing.begun + LATEST and writing.lands:
                self.commit(writing, wall)

    def expire(self, now: float) -> None:
        """Markers of lost writes are over: from now on everybody sees what became of them."""
        over = [one for one in self._unknown if now >= one.begun + LIFE]
        self._unknown = [one for one in self._unknown if one not in over]
        for writing in over:
            if writing.fenced and writing.version:
                self._promises.announce(writing.relation, writing.version, now)

    async def die(self, process: Process) -> None:
        """A process ends with its writes under way: what becomes of those is not known."""
        for writing in [one for one in self.open if one.process is process]:
            self.open.remove(writing)
            await self._deliver(writing, Fate.CANCELLED)
            self._unknown.append(writing)

    async def _deliver(self, writing: Writing, fate: Fate) -> None:
        assert writing.fate is not None
        assert writing.task is not None
        match fate:
            case Fate.ACKNOWLEDGED:
                writing.fate.set_result(Answer(201, (), b""))
            case Fate.REFUSED:
                writing.fate.set_result(Answer(409, (), b""))
            case Fate.GATEWAY:
                writing.fate.set_result(Answer(504, (), b""))
            case Fate.UNSENT:
                writing.fate.set_exception(UpstreamUnreachable("refused"))
            case Fate.LOST:
                writing.fate.set_exception(UpstreamError("reset"))
            case Fate.CANCELLED:
                writing.task.cancel()
        done, _ = await asyncio.wait({writing.task}, timeout=HANGS)
        assert done, "a write hangs"

    async def _told(self, writing: Writing, fate: Fate, now: float) -> None:
        assert writing.task is not None
        try:
            changed = await writing.task
        except (OutcomeUnknown, asyncio.CancelledError):
            self._unknown.append(writing)
            return
        except UpstreamUnreachable:
            return
        if fate is Fate.GATEWAY:
            assert changed.token == causal.BYPASS
            self._unknown.append(writing)
        elif fate is Fate.ACKNOWLEDGED:
            self._acknowledged(writing, now)
        if writing.version:
            self.tokens.append((changed.token, writing.relation, writing.version))

    def _acknowledged(self, writing: Writing, now: float) -> None:
        self._promises.acknowledge(writing.process, writing.relation, writing.version)
        if writing.fenced:
            self._promises.announce(writing.relation, writing.version, now)
        else:
            self._promises.debts[writing.process].append((writing.relation, writing.version))


async def _send(writing: Writing, operation: Operation):
    async def answer() -> Answer:
        writing.arrived.set()
        assert writing.fate is not None
        return await writing.fate

    schema, _, relation = writing.relation.partition(".")
    return await writing.process.engine.change(
        Write(Change(schema, relation, operation)), Call(answer)
    )
