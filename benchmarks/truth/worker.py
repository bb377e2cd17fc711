"""One process of an application that uses the engine; told what to do by JSON lines on stdin.

`python -m benchmarks.truth.worker NUMBER FOLDER [--without SAFEGUARD]`, with the environment of the
product. Each line has an `id`, which the answer on stdout repeats; commands run side by side.
"""

import argparse
import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import django
import uvloop

from benchmarks.truth import faults
from benchmarks.truth.asker import Asked, Asker
from benchmarks.truth.board import Board
from benchmarks.truth.history import Mode
from benchmarks.truth.load import Load, run
from benchmarks.truth.log import Log
from optimizer import runtime

BEARER = "TRUTH_BEARER"  # the variable with the token as which all workers read and write


class Worker:
    """Obeys commands until stdin ends."""

    def __init__(self, process: int, folder: Path) -> None:
        self._process = process
        log = Log(folder / f"{process}.log")
        log.watch(process)
        board = Board(folder, process)
        self._asker = Asker(process, os.environ[BEARER], log, board)

    async def serve(self) -> None:
        """Answer each command when it is done; what is not done when stdin ends is given up."""
        reader = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(reader)
        await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
        runtime.current()  # opened now, so that no operation is the one that opens it
        _say({"id": 0})
        async with asyncio.TaskGroup() as group:
            under_way: set[asyncio.Task[None]] = set()
            while line := await reader.readline():
                under_way.add(task := group.create_task(self._obey(json.loads(line))))
                task.add_done_callback(under_way.discard)
            for task in under_way:
                task.cancel()
        await runtime.close_current()

    async def _obey(self, command: dict[str, Any]) -> None:
        number, what = command.pop("id"), command.pop("do")
        if what == "load":
            modes = tuple(Mode(mode) for mode in command.pop("modes"))
            await run(self._asker, self._process, Load(modes=modes, **command))
            _say({"id": number})
        else:
            _say({"id": number, **_told(await self._one(what, **command))})

    async def _one(
        self, what: str, row: int, mode: str, known: tuple[int, str] | None = None
    ) -> Asked:
        if what == "write":
            return await self._asker.write(0, row, Mode(mode))
        return await self._asker.read(0, row, Mode(mode), known)


def _told(asked: Asked) -> dict[str, Any]:
    ended = asked.operation
    return {
        "value": ended.value,
        "outcome": ended.outcome,
        "cache": ended.cache,
        "token": asked.token,
    }


def _say(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Run one worker until its stdin ends."""
    parser = argparse.ArgumentParser(prog="benchmarks.truth.worker")
    parser.add_argument("number", type=int)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--without", choices=sorted(faults.SWITCHES))
    options = parser.parse_args()
    django.setup()
    if options.without:
        faults.SWITCHES[options.without]()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(Worker(options.number, options.folder).serve())


if __name__ == "__main__":
    main()
