"""What writes leave alone: the reason for finer grains than the relation."""

import gzip
from dataclasses import replace

import pytest

from optimizer.domain.answer import Answer
from optimizer.domain.grain.reading import Held

from .asking import (
    ALICE,
    BOB,
    CRM,
    NONE,
    SERVICE,
    Asked,
    Written,
    changed,
    encoded,
    kept,
    showing,
    terms,
    webhook,
)


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


def by_webhook(read, new, old, over=CRM):
    """Whether an UPDATE past the engine ends a read."""
    return read.ended_by(webhook("update", "notes", new, old, over, read.texts))


@pytest.mark.parametrize(
    ("filters", "ends"),
    [
        ("team=gt.3", False), ("team=gte.3", True), ("team=neq.3", False), ("team=is.null", True),
        ("status=like.a\\_c", False), ("status=match.a", True), ("status=not.eq.axb", True),
        ("team=not.is.null", True), ("or=(team.gt.5,id.eq.7)", False),
        ("or=(team.gt.5,id.eq.1)", True), ("not.and=(team.lte.3,id.lt.9)", False),
        ("status=match.a&team=gt.9", False), ("team=in.(4,5,6)&order=id&limit=1", False),
        ("select=count()&team=gt.3", False), ("status=ilike.*zz*", False),
    ],
)  # fmt: skip
def test_a_webhook_ends_what_is_kept_by_filters_only_where_a_row_may_pass_them(filters, ends):
    """By SQL's logic; what it cannot decide counts as passed."""
    old, new = {"id": 1, "team": None, "status": "a_b"}, {"id": 1, "team": 3, "status": "axb"}
    assert by_webhook(Asked(f"notes?{filters}"), new, old) is ends


def test_filters_that_nobody_could_tell_of_end_with_every_write():
    """Those that are not known, not decided, or of rows that do not show."""
    old, new = {"id": 1, "team": 1, "status": "x"}, {"id": 1, "team": 2, "status": "x"}
    read = Asked("notes?team=gt.3")
    assert read.ended_by(webhook("update", "notes", new, old))
    assert read.ended_by(webhook("update", "notes", new, None, CRM, read.texts))
    assert Asked("notes?status=match.z").texts
    assert not Asked("notes?order=id&limit=3").texts
    assert not Asked(f"notes?team=in.({','.join(map(str, range(400)))})&id=gt.0").texts
    fuzzy = changed(CRM, "notes", exact_text=False)
    assert not Asked("notes?status=neq.y", over=fuzzy).texts
    read = Asked("notes?status=neq.y&team=gt.0", over=fuzzy)
    gone = {"id": 1, "team": 1, "status": "Y"}
    assert by_webhook(read, gone, gone, fuzzy)
    assert not by_webhook(Asked("notes?team=gt.9", over=fuzzy), new, old, fuzzy)


def test_returned_rows_end_what_is_kept_by_filters_only_where_they_may_pass_them():
    """What they were before is known by the columns that stay, and by the write's own filters."""
    row = [{"id": 3, "team": 2, "status": "y"}]
    patch = Written("PATCH", "notes?id=eq.3", {"status": "y"}, row)
    assert not patch.ends(Asked("notes?team=gt.2"))
    assert patch.ends(Asked("notes?team=gt.1"))
    assert patch.ends(Asked("notes?status=neq.y"))  # it may have been another one
    pinned = Written("PATCH", "notes?id=eq.3&status=eq.x", {"status": "y"}, row)
    assert pinned.ends(Asked("notes?status=neq.y"))
    assert not pinned.ends(Asked("notes?status=in.(v,w)&team=gt.0"))
    assert not Written("DELETE", "notes?team=lt.3", rows=row).ends(Asked("notes?team=gt.2"))
    assert Written("DELETE", "notes?team=lt.3", rows=row).ends(Asked("notes?team=gt.1"))
    assert not Written("POST", "notes", row[0], row).ends(Asked("notes?team=gt.2"))
    assert Written("POST", "notes", row[0], row).ends(Asked("notes?team=gt.1"))
    merged = Written("POST", "notes", row[0], row, prefer="resolution=merge-duplicates")
    assert merged.ends(Asked("notes?team=gt.2"))  # the row may have had another team
    assert not merged.ends(Asked("notes?id=gt.3"))


@pytest.mark.parametrize("rewritten", [None, frozenset({"team"})])
def test_a_column_that_triggers_may_set_does_not_tell_what_it_was(rewritten):
    """It stands in the answer as it is now."""
    over = changed(CRM, "notes", rewritten=rewritten)
    patch = Written("PATCH", "notes?id=eq.3", {"status": "y"}, [{"id": 3, "team": 2}], over=over)
    assert patch.ends(Asked("notes?team=gt.2", over=over))


def test_rows_that_do_not_show_end_every_filter():
    """Without `return=representation`, of a page, of an alias, of a refusal by somebody else."""
    read = Asked("notes?team=gt.2")
    row = [{"id": 3, "team": 2, "status": "y"}]
    assert Written("PATCH", "notes?id=eq.3", {"status": "y"}).ends(read)
    assert Written("PATCH", "notes?id=eq.3&limit=1&order=id", {"status": "y"}, row).ends(read)
    assert Written("PATCH", "notes?id=eq.3&select=team:id", {"status": "y"}, row).ends(read)
    assert Written("POST", "rpc/bump", {}, row).ends(read)


def test_too_much_work_ends_every_filter():
    """A bulk insert against many questions."""
    rows = [{"id": n, "team": 1, "status": "x"} for n in range(300)]
    write = Written("POST", "notes", rows, rows)
    read = Asked("notes?team=gt.2")
    assert not write.ends(read)
    read.texts = [*read.texts, *(Asked(f"notes?team=gt.{n}").texts[0] for n in range(3, 15))]
    assert write.ends(read)


@pytest.mark.parametrize("code", ["PGRST000", "PGRST002", "PGRST003"])
def test_what_postgrest_did_not_come_to_ends_nothing(code):
    """It says so with a server's status; a lost connection is no such answer."""
    for url in ("notes?id=eq.1", "rpc/anything"):
        write = Written("POST", url, {"id": 1})
        assert write.after(Answer(503, (), encoded({"code": code}))) == NONE
        assert write.after(Answer(503, (), encoded({"code": "PGRST001"}))) != NONE
        assert write.after(Answer(503, (), b"")) != NONE


def packed(given):
    """The answer as an edge packs it."""
    headers = (*given.headers, ("content-encoding", "gzip"))
    return replace(given, headers=headers, body=gzip.compress(given.body))


def test_a_packed_answer_says_as_much_as_a_plain_one():
    """Of a broken one, and of one that is too long to look at, nothing is believed."""
    row = [{"id": 3, "team": 2, "status": "y"}]
    write = Written("PATCH", "notes?id=eq.3", {"status": "y"}, row)
    assert write.after(packed(write.answer)) == write.narrowed != write.widest
    refusal = Answer(409, (), encoded(dict.fromkeys(("code", "message", "details", "hint"))))
    assert write.after(packed(refusal)) == write.after(refusal) == NONE
    cut = packed(write.answer)
    assert write.after(replace(cut, body=cut.body[9:])) == write.widest
    long = replace(write.answer, body=encoded([{**row[0], "status": "y" * 300_000}]))
    assert write.after(packed(long)) == write.after(long)
