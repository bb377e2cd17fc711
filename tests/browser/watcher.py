"""A process that has the engine open and says what holds in it: `python -m tests.browser.watcher`.

A line of JSON whenever anything differs from the line before.
"""

import asyncio
import dataclasses
import json
import sys

import django

TABLE = "api.widgets"


def held() -> dict[str, str]:
    """Every switch and limit, and all that a table's settings come to, as text."""
    from optimizer.conf import optimization_settings as settings
    from optimizer.defaults import Defaults

    switches = {name: str(getattr(settings, name)) for name in Defaults.model_fields}
    policy = dataclasses.asdict(settings.policy(TABLE))
    declared = settings.declarations().get(TABLE)
    return {**switches, "policy": repr(policy), "declared": repr(declared)}


async def watch() -> None:
    """Look ten times between two looks of the engine at its settings."""
    from optimizer import runtime

    runtime.current()
    said = None
    while True:
        if (now := held()) != said:
            said = now
            sys.stdout.write(json.dumps(now) + "\n")
            sys.stdout.flush()
        await asyncio.sleep(0.05)


if __name__ == "__main__":
    django.setup()
    asyncio.run(watch())
