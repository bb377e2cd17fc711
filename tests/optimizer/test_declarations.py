"""What operators declare of the database, in the admin: in force, recorded, and doubted aloud."""

import json

import pytest
import redis
from django.contrib.auth import get_user_model
from django.urls import reverse

from optimizer import policies
from optimizer.cache.steps import DOUBTED, OUTLINES
from optimizer.conf import OptimizationSettings, Overrides, TableOverride
from optimizer.domain.grain.outlines import outlines
from optimizer.domain.grain.schema import Routine
from optimizer.models import FunctionSettings, SettingsChange, TableSettings
from tests.optimizer.grain.asking import relation, schema

TABLE = "admin:optimizer_tablesettings"
FUNCTION = "admin:optimizer_functionsettings"
FORM = {
    "relation": "api.notes", "enabled": "on", "sources": "", "stale_if_error_seconds": "0",
    "stale_while_revalidate_seconds": "0", "negative_ttl_seconds": "0", "shared_by": "caller",
    "fine_grain": "on",
}  # fmt: skip
LEARNT = schema(
    relation("notes", "id:int8 owner_id:text team:int8 updated_at:timestamptz"),
    relation("log", "at:timestamptz", key=()),
)


@pytest.fixture
def admin(client, transactional_db, fresh_valkey):
    """An operator's browser; nothing is declared."""
    TableSettings.objects.all().delete()
    FunctionSettings.objects.all().delete()
    client.force_login(get_user_model().objects.create_superuser("alice"))
    return client


@pytest.fixture
def learnt(fresh_valkey):
    """The project's tables have been learnt."""
    valkey = redis.Redis.from_url(fresh_valkey)
    valkey.hset(OUTLINES, mapping=outlines(LEARNT))
    yield valkey
    valkey.close()


def said(page):
    """What a page says above its form or list against what is declared."""
    told = (str(message) for message in page.context["messages"])
    return [text for text in told if text.startswith("Of what is declared of ")]


def doubts(admin, **declared):
    """What the admin says when this is declared, less what each row of it is about."""
    page = admin.post(reverse(f"{TABLE}_add"), {**FORM, **declared}, follow=True)
    name = declared.get("relation", FORM["relation"])
    return sorted({text.removeprefix(f"Of what is declared of {name}: ") for text in said(page)})


@pytest.mark.parametrize(
    ("declared", "doubt"),
    [
        ({}, "updated_at looks like set by a trigger, and is not declared as rewritten."),
        ({"rewritten_columns": "updated_at"}, None),
        ({"rewritten_columns": "updated_at, twice"},
         "there is no column twice that could be rewritten."),
        ({"rewritten_columns": "updated_at", "owner_column": "owner"},
         "there is no column owner: no row is known to be its caller's."),
        ({"rewritten_columns": "updated_at", "owner_column": "owner_id"},
         "owner_id is of a type by which owners are not told apart."),
        ({"rewritten_columns": "updated_at", "owner_column": "owner_id", "exact_text": "on"}, None),
        ({"rewritten_columns": "updated_at", "owner_column": "team", "shared_by": "role"},
         "its users see their own rows, and yet share answers by their role alone."),
        ({"rewritten_columns": "updated_at", "sources": "member, auth.users"},
         "PostgREST shows no table api.member."),
        ({"rewritten_columns": "updated_at", "writes": "logs"},
         "PostgREST shows no table api.logs."),
        ({"relation": "api.log"}, "PostgREST shows no primary key: rows are not told apart."),
        ({"relation": "nots"},
         "PostgREST shows no such table: its rows and values are not told apart."),
    ],
)  # fmt: skip
def test_what_speaks_against_a_declaration_is_said_at_once_and_stays_in_the_list(
    admin, learnt, declared, doubt
):
    """An assumption that nobody declared, or one that is not so."""
    assert doubts(admin, **declared) == ([doubt] if doubt else [])
    row = TableSettings.objects.get()
    assert len(said(admin.get(reverse(f"{TABLE}_changelist")))) == (doubt is not None)
    form = admin.get(reverse(f"{TABLE}_change", args=[row.pk])).content.decode()
    assert "What speaks against it" in form
    assert (doubt or "—").split(" ")[0] in form


def test_what_an_answer_showed_otherwise_is_said_too(admin, learnt):
    """The engine has seen a payload become something else."""
    learnt.hset(DOUBTED, "api.notes", json.dumps(["team"]))
    found = doubts(admin, rewritten_columns="updated_at")
    assert found == ["an answer showed team otherwise than declared."]


def test_before_the_tables_are_learnt_nothing_finer_is_claimed(admin):
    """A row without fine grain claims nothing anyway."""
    assert doubts(admin, relation="api.other", fine_grain="") == []
    assert doubts(admin) == [
        "the project's tables have not been learnt yet, so nothing finer is proven."
    ]


def test_without_valkey_the_admin_says_that_it_cannot_compare(admin, settings):
    """And stores what is declared all the same."""
    settings.VALKEY_URL = "redis://127.0.0.1:1/0"
    page = admin.post(reverse(f"{TABLE}_add"), FORM, follow=True)
    assert "Valkey is away" in said(page)[0]
    assert TableSettings.objects.exists()


def declare(admin, **fields):
    """An operator's declaration of a function."""
    return admin.post(reverse(f"{FUNCTION}_add"), {"name": "api.bump", **fields}, follow=True)


@pytest.mark.parametrize(
    ("reads", "writes", "routine"),
    [
        ("", "", Routine(None, None)),
        ("-", "notes, other.log", Routine(frozenset(), frozenset({"api.notes", "other.log"}))),
        ("notes", "-", Routine(frozenset({"api.notes"}), frozenset())),
    ],
)
def test_what_functions_read_and_write_is_declared_and_recorded(admin, reads, writes, routine):
    """Nothing said is nothing known; a dash says that there is none."""
    declare(admin, reads=reads, writes=writes)
    in_force = OptimizationSettings()
    in_force.adopt(policies.load("v"))
    assert in_force.routines() == {"api.bump": routine}
    changes = SettingsChange.objects.values_list("subject", "name", "after")
    wanted = [("name", "api.bump"), ("reads", reads), ("writes", writes)]
    assert sorted(changes) == [("api.bump()", name, text) for name, text in wanted if text]
    row = FunctionSettings.objects.get()
    admin.post(reverse(f"{FUNCTION}_delete", args=[row.pk]), {"post": "yes"})
    assert policies.load("v") == Overrides("v")


@pytest.mark.parametrize("wrong", [{"writes": "-, notes"}, {"reads": "a.b.c"}, {"name": "a b"}])
def test_what_names_nothing_is_refused(admin, wrong):
    """A slip there would leave old answers standing."""
    assert declare(admin, **wrong).context["adminform"].form.errors
    assert not FunctionSettings.objects.exists()


def test_the_list_of_functions_says_what_follows(admin):
    """In words."""
    declare(admin, writes="api.notes")
    declare(admin, name="api.look", writes="-", reads="api.notes")
    declare(admin, name="api.dark")
    page = admin.get(reverse(f"{FUNCTION}_changelist")).content.decode()
    for text in ("everything of api.notes", "nothing", "is cached with api.notes", "everything<"):
        assert text in page


def test_sources_count_also_where_a_table_is_not_told_apart_finer():
    """For whoever embeds it, and for a view that is written through."""
    in_force = OptimizationSettings()
    in_force.adopt(Overrides(tables={"notes": TableOverride(sources=("members",))}))
    found = in_force.declarations()["api.notes"]
    assert (found.reads, found.sources) == (frozenset({"api.members"}), None)
