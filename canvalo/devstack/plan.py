"""What one start runs and what it leaves to servers that the environment names."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from canvalo.devstack import leftovers, ports
from canvalo.devstack.errors import DevstackError
from optimizer.config import is_address

PROJECT = Path(__file__).resolve().parents[2]
SCHEMAS = "public,api"
_PROJECT_KEYS = ("SUPABASE_ANON_KEY", "SUPABASE_SERVICE_ROLE_KEY")
_OPTIONAL_KEYS = ("SUPABASE_JWT_SECRET", "SUPABASE_JWKS_URL")


@dataclass(frozen=True)
class Plan:
    """Which parts are ours, decided from the environment alone."""

    given: Mapping[str, str]
    demo: bool = True

    @property
    def standin(self) -> bool:
        """Whether the stand-in serves, because no Supabase project is named."""
        return not self.given.get("SUPABASE_URL")

    @property
    def postgres(self) -> bool:
        """Whether the embedded PostgreSQL is needed, by Django or by the stand-in."""
        return self.standin or not self.given.get("DATABASE_URL")

    @property
    def valkey(self) -> bool:
        """Whether the embedded Valkey is needed."""
        return not self.given.get("VALKEY_URL")

    @property
    def port(self) -> int:
        """The port of the web server."""
        return _port(self.given, "PORT", 8000)

    @property
    def supabase_port(self) -> int:
        """The port of the stand-in."""
        return _port(self.given, "SUPABASE_PORT", 54321)

    @property
    def host(self) -> str:
        """The address that the web server listens on."""
        return self.given.get("HOST") or ports.LOOPBACK

    @property
    def own_host(self) -> str:
        """The address by which this machine reaches the web server."""
        return ports.LOOPBACK if self.host in ("0.0.0.0", "::") else self.host  # noqa: S104

    @property
    def processes(self) -> list[str]:
        """The Procfile's processes that run, in the order of their start."""
        standin = ["supabase"] if self.standin else []
        demo = ["demo"] if self.standin and self.demo else []
        return [*standin, "web", "worker", "beat", *demo]

    def check(self) -> None:
        """Refuse what cannot work, before anything is started."""
        self._check_keys()
        ports.require_free(self.port, "PORT", self.host)
        if self.standin:
            ports.require_free(self.supabase_port, "SUPABASE_PORT")

    def _check_keys(self) -> None:
        if self.standin:
            given = [name for name in (*_PROJECT_KEYS, *_OPTIONAL_KEYS) if self.given.get(name)]
            if given:
                raise DevstackError(
                    f"{given[0]} is set but SUPABASE_URL is not: set both to use that project, "
                    "or neither to use the stand-in with keys of its own"
                )
        elif missing := [name for name in _PROJECT_KEYS if not self.given.get(name)]:
            raise DevstackError(
                f"SUPABASE_URL is set but {missing[0]} is not: take it from that project's "
                "API settings"
            )
        elif not is_address(self.given["SUPABASE_URL"]):
            raise DevstackError(
                f"SUPABASE_URL is {self.given['SUPABASE_URL']!r}: write the project's whole "
                "address, such as https://abcd.supabase.co"
            )

    def addresses(
        self, database: str, supabase_database: str, valkey: str, keys: Mapping[str, str]
    ) -> dict[str, str]:
        """The variables of `run.env`: by them every process, and any later one, finds the rest.

        `keys` are the stand-in's, which hold where no other project is named.
        """
        valkey = self.given.get("VALKEY_URL") or valkey
        found = {
            "PORT": str(self.port),
            "SUPABASE_PORT": str(self.supabase_port),
            "DATABASE_URL": self.given.get("DATABASE_URL") or database,
            "VALKEY_URL": valkey,
            "CELERY_BROKER_URL": self.given.get("CELERY_BROKER_URL") or valkey,
        }
        if self.standin:
            found["SUPABASE_URL"] = f"http://{ports.LOOPBACK}:{self.supabase_port}"
            found["DEVSTACK_SUPABASE_DB_URI"] = supabase_database
            return found | dict(keys)
        names = ("SUPABASE_URL", *_PROJECT_KEYS, *_OPTIONAL_KEYS)
        return found | {name: self.given[name] for name in names if self.given.get(name)}

    def process_environment(self, home: Path, addresses: Mapping[str, str]) -> dict[str, str]:
        """What the web, the worker and the others are started with; secrets stay in their file."""
        programs = str(Path(sys.executable).parent)
        secret = ("DEVSTACK_SUPABASE_DB_URI", *_PROJECT_KEYS, *_OPTIONAL_KEYS)
        public = {name: value for name, value in addresses.items() if name not in secret}
        return {
            # On a laptop it may be root who starts this; Celery would say ten lines about it.
            "PYTHONWARNINGS": "ignore:You're running the worker",
            **self.given,
            **public,
            "CANVALO_DEBUG": self.given.get("CANVALO_DEBUG", "false"),
            "CANVALO_HOME": str(home),
            leftovers.MARK: str(home),
            "PATH": os.pathsep.join([programs, self.given.get("PATH", os.defpath)]),
            "PYTHONUNBUFFERED": "1",
        }


def standin_environment(
    database: str, port: int, secrets: Mapping[str, str], web: str = ""
) -> dict[str, str]:
    """What only the stand-in is told: its database, the secret of the tokens, and who hears of
    written rows (`web`: the web server's address).
    """
    webhooks = {
        "PGRST_WEBHOOK_URL": f"{web}/api/optimization/webhooks/supabase",
        "PGRST_WEBHOOK_SECRET": secrets["OPTIMIZATION_WEBHOOK_SECRET"],
    }
    return {
        **(webhooks if web else {}),
        "PGRST_DB_URI": database,
        "PGRST_SCHEMAS": SCHEMAS,
        "PGRST_PORT": str(port),
        "PGRST_JWT_SECRET": secrets["STANDIN_JWT_SECRET"],
        "PGRST_ANON_ROLE": "anon",
        "PGRST_DB_MAX_ROWS": "1000",  # as in supabase/config.toml, and Supabase's own default
    }


def _port(given: Mapping[str, str], name: str, default: int) -> int:
    text = given.get(name) or str(default)
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise DevstackError(f"{name} is {text!r}: set it to a number from 1 to 65535")
    return int(text)
