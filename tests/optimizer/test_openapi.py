"""The schema as the stand-in's own root document tells it, and what is declared beside it."""

import httpx
import psycopg
import pytest

from optimizer.domain.grain.reading import SERVICE, of_read
from optimizer.domain.grain.schema import Declared, ForeignKey, Routine
from optimizer.domain.openapi import declared, read_document
from optimizer.domain.query import parse
from optimizer.errors import ConfigurationError

NONE = frozenset()


@pytest.fixture(scope="module")
def document(supabase):
    """The root document of schema `api`, by the secret key."""
    key = supabase.service_role_key
    headers = {"apikey": key, "authorization": f"Bearer {key}", "accept-profile": "api"}
    return httpx.get(f"{supabase.url}/rest/v1/", headers=headers).json()


@pytest.fixture(scope="module")
def schema(document):
    """What it tells."""
    return read_document(document, "api")


def test_relations_types_and_keys_are_those_of_the_database(schema, supabase):
    """PostgreSQL's own catalog names the same."""
    with psycopg.connect(supabase.database) as connection:
        rows = connection.execute(
            "select r.conrelid::regclass::text, a.attname from pg_constraint r "
            "join pg_attribute a on a.attrelid = r.conrelid and a.attnum = any (r.conkey) "
            "where r.contype = 'p' and r.connamespace = 'api'::regnamespace"
        ).fetchall()
    keys = {(name, column) for name, r in schema.relations.items() for column in r.key}
    assert keys - set(rows) == {("api.open_invoices", "id")}, "a view shows its table's key"
    assert keys >= set(rows)
    contacts = schema.relations["api.contacts"]
    kinds = {name: contacts.kinds[name].name for name in ("id", "name", "created_at")}
    assert kinds == {"id": "uuid", "name": "text", "created_at": "timestamptz"}
    assert schema.relations["api.projects"].kinds["details"].name == "jsonb"
    assert schema.relations["api.appointments"].kinds["attendees"].element.name == "text"


def test_foreign_keys_lead_down_from_what_they_refer_to(schema):
    """Whoever deletes a contact may reach its projects, and what hangs on those."""
    complete = declared(schema, {}, keys_complete=True)
    assert complete.below("api.contacts") >= {"api.projects", "api.invoices", "api.appointments"}
    assert "api.contacts" not in complete.below("api.projects")
    assert schema.below("api.contacts") is None, "the document does not list every foreign key"


def test_nothing_is_told_apart_before_it_is_declared(schema):
    """The document tells neither policies nor triggers."""
    read = parse("GET", "/rest/v1/projects", "id=eq.1", {"accept-profile": "api"})
    assert not schema.relations["api.projects"].is_fine
    assert of_read(read, schema, SERVICE).tags == ("*", "a:api.projects", "r:api.projects")


def test_a_declaration_is_put_beside_what_the_document_told(schema):
    """Also of relations and functions that the document does not list."""
    found = declared(
        schema,
        {"api.projects": Declared(NONE, NONE), "other.log": Declared(sources=NONE)},
        {"api.total": Routine(reads=NONE)},
        [("other.log", ForeignKey(("a", "b"), "api.projects", ("id", "owner_id")))],
        keys_complete=True,
    )
    assert found.relations["api.projects"].is_fine
    assert found.relations["api.projects"].kinds == schema.relations["api.projects"].kinds
    assert found.routines["api.total"].reads == NONE
    assert "other.log" in found.below("api.projects")
    assert found.referenced("api.projects") >= {"id", "owner_id"}


def test_an_enums_labels_keep_their_order():
    """They are ordered so, not by the alphabet."""
    mood = {"type": "string", "format": "api.mood", "enum": ["sad", "ok", "happy"]}
    body = {"definitions": {"t": {"properties": {"mood": mood}}}, "paths": {"/rpc/f": {}}}
    found = read_document(body, "api")
    assert found.relations["api.t"].kinds["mood"].labels == ("sad", "ok", "happy")
    assert found.routines["api.f"] == Routine()


def test_a_comment_that_looks_like_a_key_is_none():
    """Only what PostgREST notes behind it counts."""
    column = {"format": "text", "description": "<pk/>\n\nNote:\nThis is a Foreign Key to `a.id`."
              "<fk table='a' column='id'/>"}  # fmt: skip
    body = {"definitions": {"t": {"properties": {"c": column}}}, "paths": {}}
    relation = read_document(body, "api").relations["api.t"]
    assert relation.key == ()
    assert relation.foreign_keys == (ForeignKey(("c",), "api.a", ("id",)),)


@pytest.mark.parametrize("body", [None, [], {}, {"definitions": [], "paths": {}}, {"message": ""}])
def test_anything_else_is_refused(body):
    """An error of the gateway is no empty schema."""
    with pytest.raises(ConfigurationError):
        read_document(body, "api")
