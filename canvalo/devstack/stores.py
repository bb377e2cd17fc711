"""The embedded stores of one stack: placed, cleared of leftovers, started and stopped together."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from canvalo.devstack import leftovers, secrets
from canvalo.devstack.errors import Pause
from canvalo.devstack.home import Home
from canvalo.devstack.plan import Plan
from canvalo.devstack.postgres import SUPABASE, EmbeddedPostgres
from canvalo.devstack.supervisor import in_words
from canvalo.devstack.valkey import EmbeddedValkey


class Stores:
    """PostgreSQL and Valkey, as far as the plan has them embedded."""

    def __init__(self, home: Home, plan: Plan, secrets_: Mapping[str, str], pause: Pause) -> None:
        self._home = home
        self._plan = plan
        self._secrets = secrets_
        self._postgres = EmbeddedPostgres(home, pause) if plan.postgres else None
        self._valkey: EmbeddedValkey | None = None
        if plan.valkey:
            memory = plan.given.get("VALKEY_MAXMEMORY") or "256mb"
            self._valkey = EmbeddedValkey(home, secrets_["VALKEY_PASSWORD"], memory, pause)

    def end_leftovers(self) -> int:
        """End what an earlier run of this home left running; how many processes that were."""
        folders: list[Path] = []
        if self._postgres is not None:
            folders.append(self._postgres.place.data)
        if self._valkey is not None:
            folders.append(self._valkey.folder)
        return len(leftovers.end(leftovers.of(self._home.path, *folders)))

    def start(self) -> None:
        """Start the stores side by side."""
        with ThreadPoolExecutor(max_workers=2) as pool:
            for started in [pool.submit(store.start) for store in self._all()]:
                started.result()
        if self._valkey is not None and self._plan.standin:
            self._valkey.forget_writers()  # the stand-in was stopped, and what it was doing

    def stop(self) -> None:
        """Stop them; what they were given is on disk afterwards."""
        for store in self._all():
            store.stop()

    def ended(self) -> str | None:
        """Which store ended by itself and how, in words."""
        for store in self._all():
            if (code := store.exit_code()) is not None:
                return f"{store.name} ended {in_words(code)}"
        return None

    def addresses(self) -> dict[str, str]:
        """The variables by which the other processes find the stores and each other."""
        postgres, valkey = self._postgres, self._valkey
        return self._plan.addresses(
            database=postgres.url() if postgres else "",
            supabase_database=self.supabase_database or "",
            valkey=valkey.url if valkey else "",
            keys=secrets.standin_keys(self._secrets),
        )

    @property
    def standin_database(self) -> str:
        """The same as the stand-in enters it."""
        return self._postgres.standin_url() if self._postgres else ""

    @property
    def supabase_database(self) -> str | None:
        """The stand-in's database; None where a real project is used, which we never open."""
        if self._postgres is None or not self._plan.standin:
            return None
        return self._postgres.url(SUPABASE)

    def _all(self) -> list[EmbeddedValkey | EmbeddedPostgres]:
        return [store for store in (self._valkey, self._postgres) if store is not None]
