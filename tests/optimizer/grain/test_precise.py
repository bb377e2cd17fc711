"""What writes leave alone: the reason for finer grains than the relation."""

import pytest

from optimizer.domain.answer import Answer
from optimizer.domain.facts import Operation
from optimizer.domain.grain.events import Event, may_matter
from optimizer.domain.grain.reading import Held
from optimizer.domain.language.question import parse_question
from optimizer.domain.query import Change

from .asking import ALICE, BOB, CRM, SERVICE, Asked, Written, changed, kept, showing, terms, webhook


def survives(read, write):
    """Whether the read is kept: no marker stood in its way, and no stamp changed."""
    return not read.ended_by(write.widest) and not read.ended_by(write.narrowed)


def test_a_point_read_survives_writes_to_other_rows():
    """By one key or several."""
    read = Asked("notes?id=in.(1,2)&select=id,team", shown=2)
    assert survives(read, Written("PATCH", "notes?id=eq.3", {"team": 1}))
    assert survives(read, Written("DELETE", "notes?id=eq.3"))
    assert survives(read, Written("POST", "notes", {"team": 1}))
    assert not survives(read, Written("PATCH", "notes?id=eq.2", {"team": 1}))


def test_other_conditions_beside_the_key_do_not_spoil_it():
    """A tree, a negation, an order: the answer still depends on that row alone."""
    read = Asked("notes?id=eq.1&or=(team.eq.1,team.eq.2)&status=not.eq.x&order=team&limit=1")
    assert survives(read, Written("PATCH", "notes?id=eq.2", {"team": 1}))


def test_a_read_by_value_survives_writes_to_rows_with_other_values():
    """Where old and new value are both proven."""
    read = Asked("notes?team=eq.1", shown=9)
    row = {"id": 3, "team": 2, "status": "x"}
    assert not read.ended_by(Written("PATCH", "notes?id=eq.3", {"status": "x"}, [row]).narrowed)
    assert survives(read, Written("PATCH", "notes?id=eq.3&team=eq.2", {"team": 3}))
    assert survives(read, Written("POST", "notes", {"id": 3, "team": 2, "status": "x"}))
    assert not read.ended_by(Written("DELETE", "notes?team=eq.2", rows=[row]).narrowed)
    assert not survives(read, Written("PATCH", "notes?id=eq.3&team=eq.2", {"team": 1}))
    assert not survives(read, Written("PATCH", "notes?id=eq.3&team=eq.1", {"team": 2}))


def test_an_answer_narrows_a_write_whose_filter_names_no_rows():
    """It shows which they were, where nothing rewrites keys."""
    rows = [{"id": 3, "team": 2, "status": "y"}]
    write = Written("PATCH", "notes?team=gt.1", {"status": "y"}, rows)
    read = Asked("notes?id=eq.1")
    assert read.ended_by(write.widest)
    assert not read.ended_by(write.narrowed)
    assert Asked("notes?id=eq.3").ended_by(write.narrowed)


def test_an_owners_writes_leave_other_owners_reads_alone():
    """The policy certifies whose rows they are, whatever the filter says."""
    read = Asked("contacts?status=eq.lead", 5, BOB)
    row = {"id": 3, "owner_id": "alice", "status": "lead"}
    assert survives(read, Written("POST", "contacts", {"status": "lead"}, caller=ALICE))
    assert survives(read, Written("PATCH", "contacts?id=eq.3", {"status": "x"}, caller=ALICE))
    assert survives(read, Written("DELETE", "contacts?id=eq.3", caller=ALICE))
    assert not read.ended_by(
        Written("PATCH", "contacts?age=gt.1", {"status": "lead"}, [row], caller=ALICE).narrowed
    )
    assert not survives(Asked("contacts", 5, ALICE), Written("POST", "contacts", {}, caller=ALICE))
    assert not survives(read, Written("POST", "contacts", {}, caller=SERVICE))


def test_a_webhook_ends_the_rows_and_values_that_it_shows_and_no_others():
    """Its rows are whole."""
    new = {"id": 3, "team": 2, "status": "x"}
    touched = webhook("update", "notes", new, {**new, "status": "y"})
    for url in ("notes?id=eq.3", "notes?status=eq.x", "notes?status=eq.y", "notes?team=gt.0"):
        assert Asked(url).ended_by(touched)
    for url in ("notes?id=eq.1", "notes?status=eq.z", "notes?team=eq.1", "labels"):
        assert not Asked(url).ended_by(touched)


def test_an_embedding_read_survives_writes_to_relations_that_it_does_not_read():
    """And writes to other rows of its own."""
    read = Asked("projects?select=id,contacts(status),tasks(title)&id=eq.1")
    assert survives(read, Written("PATCH", "labels?id=eq.1", {"name": "x"}))
    assert survives(read, Written("PATCH", "projects?id=eq.2", {"name": "x"}))
    assert not survives(read, Written("PATCH", "tasks?id=eq.5", {"title": "x"}))


@pytest.mark.parametrize(
    "select",
    ["contacts(id)", "contact_id(id)", "c:contacts!contact_id(id)", "...contacts(status)",
     "tasks!inner(id)", "labels!projects_labels(id)", "tasks(id,projects(id))"],
)  # fmt: skip
def test_embeds_are_resolved_by_name_column_hint_and_junction(select):
    """As PostgREST does."""
    assert Asked(f"projects?select=id,{select}").held is not None


def test_many_values_of_one_write_become_one_wide_tag():
    """A bulk insert costs a bounded number of tags."""
    rows = [{"id": n, "team": n, "status": "x"} for n in range(500)]
    write = Written("POST", "notes", rows)
    assert len(write.widest) < 10
    assert Asked("notes?team=eq.7").ended_by(write.widest)
    assert not Asked("notes?status=eq.y").ended_by(write.widest)


def test_stamps_are_taken_for_every_tag_that_an_answer_may_add():
    """In one order, because they are compared as one text."""
    held = Asked("notes?id=in.(1,2)").held
    assert kept(held, showing(1)) == set(terms(held).widest) > kept(held, showing(2))
    assert kept(held, showing(None)) == set(terms(held).widest)
    assert list(held.tags) == sorted(held.tags)
    assert list(held.short) == sorted(held.short)
    assert kept(Held(("a",)), showing(None)) == {"a"}


@pytest.mark.parametrize(
    ("text", "rows"), [("0-24/573", 25), ("0-0/*", 1), ("*/0", 0), ("*/*", 0), ("", None)]
)
def test_an_answers_rows_are_counted_by_its_content_range(text, rows):
    """Nobody has to parse the body."""
    assert Answer(200, (("content-range", text),), b"").rows_shown == rows


def test_tags_show_nothing_of_the_values():
    """They stand in Valkey, and in logs."""
    tags = " ".join(Asked("notes?status=eq.Lovelace").tags)
    assert "lovelace" not in tags.lower()


def test_a_change_matters_only_where_a_row_may_pass_the_filters():
    """By SQL's logic; what it cannot decide matters."""
    relation = changed(CRM, "notes").relations["api.notes"]
    change = Change("api", "notes", Operation.UPDATE)
    old, new = {"id": 1, "team": None, "status": "a_b"}, {"id": 1, "team": 3, "status": "axb"}

    def matters(*params):
        return may_matter(Event(change, new, old), parse_question(params), relation)

    assert not matters(("team", "gt.3"))
    assert matters(("team", "gte.3"))
    assert not matters(("team", "neq.3"))
    assert not matters(("status", "like.a\\_c"))
    assert matters(("status", "match.a"))
    assert not matters(("status", "match.a"), ("team", "eq.9"))
    assert may_matter(Event(change, new), parse_question([("team", "gt.3")]), relation)
