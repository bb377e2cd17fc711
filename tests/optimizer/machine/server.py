"""A Valkey of the machine's own: stopped and started, emptied, aged, taken over by an old copy."""

import shutil
from pathlib import Path

import redis

from canvalo.devstack.home import Home
from canvalo.devstack.valkey import EmbeddedValkey
from optimizer.cache.history import open_epoch

AGE = """
local epoch, marked = KEYS[1], KEYS[2]
local quiet = redis.call('HGET', epoch, 'quiet')
if quiet then redis.call('HSET', epoch, 'quiet', math.max(0, quiet - ARGV[1])) end
for i = 3, #KEYS do
  local marks = redis.call('HGETALL', KEYS[i])
  for m = 1, #marks, 2 do
    redis.call('HSET', KEYS[i], marks[m], math.max(0, marks[m + 1] - ARGV[1]))
  end
end
local tags = redis.call('ZRANGE', marked, 0, -1)
for i = 1, #tags do redis.call('ZINCRBY', marked, -ARGV[1], tags[i]) end
"""


class Server:
    """The server and a connection to it that is never cut."""

    def __init__(self, folder: Path) -> None:
        home = Home(folder)
        home.make()
        self._copy = folder / "copy"
        self.valkey = EmbeddedValkey(home, "own-password").start()
        self._connect()

    def _connect(self) -> None:
        self.client = redis.Redis.from_url(self.valkey.url)

    @property
    def url(self) -> str:
        """Its address, which stays when it is started again."""
        return self.valkey.url

    def reset(self) -> None:
        """Begin anew: nothing in it, nobody at work, no copy."""
        self.client.flushall()
        open_epoch(self.client)
        shutil.rmtree(self._copy, ignore_errors=True)

    def age(self, seconds: float) -> None:
        """Let time pass for markers and quarantine."""
        markers = sorted(self.client.keys("{canvalo}:m:*"))
        keys = ["{canvalo}:epoch", "{canvalo}:marked", *markers]
        self.client.eval(AGE, len(keys), *keys, int(seconds * 1000))

    def evict(self, kind: str, which: int) -> None:
        """Lose one of the keys that may be lost."""
        if names := sorted(self.client.keys(f"{{canvalo}}:{kind}:*")):
            self.client.delete(names[which % len(names)])

    def trim(self, keep: int) -> None:
        """Lose all but the latest changes."""
        self.client.xtrim("{canvalo}:changes", maxlen=keep, approximate=False)

    def flush(self) -> None:
        """Empty it while it runs."""
        self.client.flushall()

    def copy(self) -> None:
        """What a replica has now."""
        shutil.rmtree(self._copy, ignore_errors=True)
        shutil.copytree(self._files, self._copy)

    def restart(self, how: str) -> None:
        """Stop it, and start it from its file, from nothing, or as the replica with the copy."""
        self.client.close()
        self.valkey.stop()
        if how != "own file":
            shutil.rmtree(self._files)
        if how == "replica" and self._copy.exists():
            shutil.copytree(self._copy, self._files)
        self.valkey.start()
        self._connect()

    def close(self) -> None:
        """End it."""
        self.client.close()
        self.valkey.stop()
        shutil.rmtree(self.valkey.home.path)

    @property
    def _files(self) -> Path:
        return self.valkey.folder / "appendonlydir"
