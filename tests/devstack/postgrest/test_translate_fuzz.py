"""Random requests against PostgreSQL: whatever is asked, the SQL itself is well formed."""

import random
from collections.abc import Iterator

import psycopg
import pytest

from canvalo.devstack.postgrest.errors import Refusal
from canvalo.devstack.postgrest.statement import Options

from .translate_stage import stage  # noqa: F401

COLUMNS = {
    "projects": ["id", "name", "client_id"],
    "clients": ["id", "name"],
    "tasks": ["id", "name", "project_id"],
    "users": ["id", "name"],
    "games": ["id", "name", "designer_id"],
    "designers": ["id", "name"],
}
RELATED = {
    "projects": {"clients": "clients", "tasks": "tasks"},
    "clients": {"projects": "projects"},
    "tasks": {"projects": "projects", "users": "users"},
    "users": {"tasks": "tasks"},
    "games": {"designers": "designers", "computed_designer": "designers"},
    "designers": {"games": "games", "computed_games": "games"},
}
OPERATIONS = ["eq.1", "in.(1,2)", "not.is.null", "is.null", "isdistinct.1", "not.in.()"]
# What a request may well ask for in vain: unknown or ambiguous columns, wrong types, ungrouped
# columns, an embedded relation where there is none, rows that others depend on.
ANSWERS = {"42703", "42702", "42883", "42803", "0A000", "23503", "23505"}


class Requests:
    """Makes up requests: nested selects, and parameters for what they embed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.parameters: list[str] = []

    def make(self) -> tuple[str, str, dict[str, str] | None]:
        """A method, a URL and a body."""
        table = self.random.choice(list(COLUMNS))
        self.parameters = []
        select = self._select(table, "", 0)
        url = f"/{table}?select={select}&{'&'.join(self.parameters)}"
        if self.random.random() < 0.8:
            return "GET", url, None
        body = {self.random.choice(COLUMNS[table]): "1"}
        return self.random.choice([("PATCH", url, body), ("DELETE", url, None)])

    def _select(self, table: str, path: str, depth: int) -> str:
        self._parameters(table, path)
        chosen = [self._column(name) for name in COLUMNS[table] if self.random.random() < 0.6]
        if self.random.random() < 0.1:
            chosen = ["*", *self.random.choice([[], ["count()"], ["id.max()"]])]
        embeds = self._embeds(table, path, depth) if depth < 3 else ()
        return ",".join([*chosen, *embeds])

    def _column(self, name: str) -> str:
        forms = ["{}", "{}", "{}", "{}::text", "x_{0}:{0}", "{}->>a", "{}.count()", "n_{0}:count()"]
        return self.random.choice(forms).format(name)

    def _embeds(self, table: str, path: str, depth: int) -> Iterator[str]:
        for name, target in RELATED[table].items():
            if self.random.random() < 0.6:
                head = self.random.choice([name, f"r_{name}:{name}", f"...{name}"])
                label = head.removeprefix("...").partition(":")[0]
                join = self.random.choice(["", "!inner", "!left"])
                if self.random.random() < 0.2:
                    self.parameters.append(f"{path}{label}=not.is.null")
                if self.random.random() < 0.1:
                    self.parameters.append(f"{path}order={label}(id)")
                yield f"{head}{join}({self._select(target, f'{path}{label}.', depth + 1)})"

    def _parameters(self, table: str, path: str) -> None:
        name, operation = self.random.choice(COLUMNS[table]), self.random.choice(OPERATIONS)
        possible = [
            f"{path}{name}={operation}",
            f"{path}order={name}.desc.nullslast",
            f"{path}limit=2",
            f"{path}or=(id.eq.1,and(name.eq.x,id.gt.1))",
        ]
        self.parameters += [one for one in possible if self.random.random() < 0.2]


@pytest.mark.parametrize("seed", range(4))
def test_every_statement_is_well_formed(stage, seed):  # noqa: F811
    """PostgreSQL answers, or finds fault with what was asked, never with how it was said."""
    requests, answered = Requests(seed), 0
    with psycopg.connect(stage.url) as connection:
        cursor = psycopg.RawCursor(connection)
        for _ in range(150):
            method, url, body = requests.make()
            options = Options(max_rows=requests.random.choice([None, 100]), aggregates=True)
            prefer = "count=exact" if method == "GET" else "return=representation"
            try:
                plan = stage.plan(method, url, body, options, prefer=prefer)
                cursor.execute(b"set local search_path to test")
                cursor.execute(plan.main.text.encode(), plan.main.values)
                answered += 1
            except Refusal as refusal:
                assert refusal.code in ("PGRST118", "PGRST127"), url  # noqa: PT017
            except psycopg.Error as error:
                assert error.sqlstate in ANSWERS, f"{method} {url}: {error}"  # noqa: PT017
            connection.rollback()
    assert answered > 50
