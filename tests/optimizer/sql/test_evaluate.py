"""The evaluator says what PostgreSQL says, or says that it cannot say."""

import asyncio
import os
from collections import Counter
from random import Random
from urllib.parse import quote

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from canvalo.devstack.postgrest import parameters
from canvalo.devstack.postgrest.catalog.load import load
from canvalo.devstack.postgrest.catalog.model import Name
from canvalo.devstack.postgrest.errors import Refusal
from canvalo.devstack.postgrest.plan.read import tests_of as planned
from canvalo.devstack.postgrest.sql.conditions import condition
from canvalo.devstack.postgrest.sql.fragments import Parameters
from optimizer.domain.language.filters import Condition, parse_filter
from optimizer.domain.language.question import within
from optimizer.domain.sql.documents import loads
from optimizer.domain.sql.evaluate import evaluate
from optimizer.domain.sql.kinds import kind_of
from optimizer.domain.sql.truth import Truth
from optimizer.errors import QueryError

from . import specimens

DATABASE = "evaluator_stage"
TABLE = Name("public", "specimens")
KINDS = {c.name: kind_of(c.type, c.labels) for c in specimens.COLUMNS}
SEED = int(os.environ.get("EVALUATOR_SEED", "11"))
FILTERS = int(os.environ.get("EVALUATOR_FILTERS", "1500"))
ROWS = 40
CERTAIN = {True: Truth.TRUE, False: Truth.FALSE, None: Truth.UNKNOWN}
# Operators that are decided for some type; the other ones never are, but for NULL.
CLAIMED = {"eq", "neq", "gt", "gte", "lt", "lte", "like", "ilike", "in", "is", "isdistinct", "cs"}
CLAIMED |= {"cd", "ov", "sl", "sr", "nxl", "nxr", "adj"}


class Oracle:
    """PostgreSQL with a table of specimens, asked by way of the stand-in's own SQL."""

    def __init__(self, url, rows):
        self.connection = psycopg.connect(url, autocommit=True)
        self.cursor = psycopg.RawCursor(self.connection)
        self._make(rows)
        self.catalog = asyncio.run(self._load(url))
        found = self.cursor.execute(b"select row_to_json(s)::text from specimens s order by id")
        self.rows = [loads(text) for (text,) in found.fetchall()]

    def _make(self, rows):
        columns = ", ".join(f'"{c.name}" {c.type}' for c in specimens.COLUMNS)
        run = self.connection.execute
        run("drop table if exists specimens; drop type if exists mood")
        run("create type mood as enum ('sad', 'ok', 'happy')")
        run(f"create table specimens (id serial primary key, {columns})")
        for row in rows:
            self._insert({**dict.fromkeys(KINDS), **row})

    def _insert(self, row):
        """A value that its column refuses is left out."""
        self.connection.execute("insert into specimens default values")
        for name, text in row.items():
            try:
                self.connection.execute(
                    f'update specimens set "{name}" = (%s::text)::{specimens.BY_NAME[name].type} '
                    "where id = (select max(id) from specimens)",
                    [text],
                )
            except psycopg.Error:
                continue

    @staticmethod
    async def _load(url):
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
            return await load(connection, ("public",))

    def answers(self, name, value):
        """For each row True, False or None; nothing where PostgREST or PostgreSQL refuses."""
        query = f"{quote(name, safe='')}={quote(value, safe='')}"
        try:
            read = parameters.read_query(query, arguments_allowed=False)
            trees = [one for _, one in (*read.filters, *read.logic)]
            (test,) = planned(self.catalog, TABLE, trees, [])
            p = Parameters()
            sql = f"select ({condition(p, TABLE, test)}) and true from specimens order by id"
            return [row[0] for row in self.cursor.execute(sql.encode(), p.values).fetchall()]
        except (Refusal, psycopg.Error):
            return None


@pytest.fixture(scope="module")
def oracle(stack):
    """The specimens, in a database of their own."""
    with psycopg.connect(stack.supabase_database, autocommit=True) as connection:
        connection.execute(f"drop database if exists {DATABASE}")
        connection.execute(f"create database {DATABASE}")
    url = make_conninfo(stack.supabase_database, dbname=DATABASE)
    found = Oracle(url, specimens.rows(Random(SEED), ROWS))
    yield found
    found.connection.close()


def operators(tree):
    """The operators of a tree, with their columns' kinds."""
    return {(c.operator, KINDS[c.field.name].name) for c in within(tree)}


def test_the_evaluator_agrees_with_postgresql_or_says_nothing(oracle, capsys):
    """Over random filters and rows; how many cases it decides is printed for each operator."""
    random, decided, asked = Random(SEED), Counter(), Counter()
    seen = set()
    for _ in range(FILTERS):
        name, value = specimens.filters(random)
        try:
            _, tree = parse_filter(name, value)
        except QueryError:
            continue
        answers = oracle.answers(name, value)
        if answers is None:
            continue
        for row, answer in zip(oracle.rows, answers, strict=True):
            said = evaluate(tree, row, KINDS)
            assert said in (Truth.UNDECIDABLE, CERTAIN[answer]), (name, value, row, answer)
            label = tree.operator if isinstance(tree, Condition) else "tree"
            asked[label] += 1
            decided[label] += said is not Truth.UNDECIDABLE
            if isinstance(tree, Condition) and said in (Truth.TRUE, Truth.FALSE):
                seen |= operators(tree)
    with capsys.disabled():
        print("\n" + table(decided, asked))
    assert {operator for operator, _ in seen} >= CLAIMED


def table(decided, asked):
    """How many cases were decided, by operator."""
    lines = [
        _line(name, decided[name], asked[name])
        for name in sorted(asked, key=lambda n: -decided[n] / asked[n])
    ]
    return "\n".join([*lines, _line("all", decided.total(), asked.total())])


def _line(name, decided, asked):
    return f"  {name:<11}{decided:>8} of {asked:>7} decided{decided / asked:>8.1%}"


# ---- what no comparison with PostgreSQL shows


def said(name, value, row, **kinds):
    """What the evaluator says of one filter and row."""
    tree = parse_filter(name, value)[1]
    return evaluate(tree, row, {n: kind_of(form) for n, form in kinds.items()})


def test_a_column_that_is_not_known_decides_nothing():
    """Neither one without a type nor one that the row does not carry."""
    assert said("a", "eq.1", {"a": 1}) is Truth.UNDECIDABLE
    assert said("a", "is.null", {}, a="text") is Truth.UNDECIDABLE


def test_what_is_not_certain_can_be_outvoted():
    """A FALSE decides AND, a TRUE decides OR."""
    row = {"a": 1, "b": "x"}
    kinds = {"a": "int8", "b": "text"}
    assert said("and", "(a.eq.2,b.match.x)", row, **kinds) is Truth.FALSE
    assert said("and", "(a.eq.1,b.match.x)", row, **kinds) is Truth.UNDECIDABLE
    assert said("or", "(a.eq.1,b.match.x)", row, **kinds) is Truth.TRUE
    assert said("not.or", "(a.eq.2,b.match.x)", row, **kinds) is Truth.UNDECIDABLE


def test_a_float_has_lost_digits_that_would_decide():
    """0.1 may have been any of many numerics."""
    assert said("a", "eq.0.1", {"a": 0.1}, a="numeric") is Truth.UNDECIDABLE
    assert said("a", "eq.0.1", loads('{"a": 0.1}'), a="numeric") is Truth.TRUE


def test_jsons_null_and_no_value_look_alike():
    """A row shows both as null."""
    assert said("a", "is.null", {"a": None}, a="jsonb") is Truth.UNDECIDABLE
    assert said("a", "is.null", {"a": None}, a="int8range") is Truth.TRUE


def test_an_integer_beyond_a_doubles_reach_is_not_rounded():
    """2^53 + 1 is not 2^53."""
    assert said("a", f"eq.{2**53}", {"a": 2**53 + 1}, a="int8") is Truth.FALSE


def test_texts_that_differ_are_not_put_in_order():
    """Which comes first depends on the collation; equal ones are equal in each."""
    assert said("a", "gt.a", {"a": "B"}, a="text") is Truth.UNDECIDABLE
    assert said("a", "gte.a", {"a": "a"}, a="text") is Truth.TRUE
    assert said("a", "ilike.i*", {"a": "Istanbul"}, a="text") is Truth.UNDECIDABLE


def test_a_pattern_made_to_be_slow_is_not():
    """Matching never goes back, so many wildcards cost little."""
    assert said("a", "like." + "%a" * 900 + "%b", {"a": "a" * 1900}, a="text") is Truth.FALSE
