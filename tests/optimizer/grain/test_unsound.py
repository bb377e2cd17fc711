"""Cases in which a naive rule would keep what a write has made wrong, one by one."""

from dataclasses import replace

import pytest

from optimizer.domain.answer import Answer
from optimizer.domain.facts import Operation
from optimizer.domain.grain.events import Event, of_event
from optimizer.domain.grain.schema import Declared, ForeignKey
from optimizer.domain.grain.writing import narrowed, outcome
from optimizer.domain.query import Change

from .asking import (
    ALICE,
    BOB,
    CRM,
    NONE,
    SERVICE,
    Asked,
    Written,
    answer,
    changed,
    encoded,
    relation,
    schema,
    webhook,
)


def ends(read, write):
    """Whether the write ends the read: while its marker stands, and after its answer."""
    assert read.ended_by(write.widest), "the marker must cover whatever the answer leaves"
    return read.ended_by(write.narrowed)


def test_a_row_moves_into_a_filter_by_a_column_that_the_write_does_not_carry():
    """The payload sets the team only; the read asks for a status that nobody has proven."""
    read = Asked("notes?status=eq.open")
    assert ends(read, Written("PATCH", "notes?id=eq.1", {"team": 2}))
    assert ends(Asked("notes?team=eq.2"), Written("PATCH", "notes?id=eq.1", {"team": 2}))
    assert ends(Asked("notes?team=eq.1"), Written("PATCH", "notes?id=eq.1", {"team": 2}))


def test_a_changed_primary_key_ends_both_rows_and_every_value():
    """And whatever refers to it."""
    write = Written("PATCH", "projects?id=eq.1", {"id": 2}, [{"id": 2, "name": "y"}])
    for url in ("projects?id=eq.1", "projects?id=eq.2", "projects?name=eq.x"):
        assert ends(Asked(url), write)
    assert ends(Asked("tasks?id=eq.9"), write)
    assert not Asked("projects?id=eq.3").ended_by(write.narrowed)


def test_a_key_that_is_set_to_what_it_was_is_not_changed():
    """Client libraries send the whole row back."""
    write = Written("PATCH", "projects?id=eq.1", {"id": 1, "name": "x"})
    assert not Asked("tasks?id=eq.9").ended_by(write.widest)
    assert ends(Asked("projects?id=eq.1"), write)


def test_a_changed_owner_ends_the_reads_of_both_owners():
    """The old one is not in the payload."""
    write = Written("PATCH", "contacts?id=eq.1", {"owner_id": "bob"}, caller=SERVICE)
    assert ends(Asked("contacts", 5, ALICE), write)
    assert ends(Asked("contacts", 5, BOB), write)
    assert Asked("contacts", 5, ALICE).ended_by(
        webhook("update", "contacts", {"id": 1, "owner_id": "bob"}, {"id": 1, "owner_id": "alice"})
    )


def test_a_service_write_ends_every_owners_reads():
    """No policy says whose rows it wrote, even where its answer shows some."""
    rows = [{"id": 1, "owner_id": "bob", "status": "x"}]
    write = Written("PATCH", "contacts?id=eq.1", {"status": "x"}, rows, caller=SERVICE)
    assert ends(Asked("contacts", 5, ALICE), write)


def test_an_upsert_on_another_key_may_overwrite_any_row():
    """The row that has the e-mail already has an id that nobody saw."""
    body = {"id": 7, "status": "open"}
    write = Written(
        "POST", "notes?on_conflict=status", body, [body], prefer="resolution=merge-duplicates"
    )
    assert ends(Asked("notes?id=eq.1"), write)
    on_key = Written(
        "POST", "notes?on_conflict=id", body, [body], prefer="resolution=merge-duplicates"
    )
    assert not Asked("notes?id=eq.1").ended_by(on_key.narrowed)
    assert ends(Asked("notes?id=eq.7"), on_key)


def test_a_put_overwrites_its_row_whatever_it_says_of_duplicates():
    """PostgREST merges a PUT always, and on the primary key alone."""
    body = {"id": 1, "status": "open"}
    for said in ("", "&on_conflict=status"):
        write = Written("PUT", f"notes?id=eq.1{said}", body, prefer="resolution=ignore-duplicates")
        assert ends(Asked("notes?id=eq.1"), write)
        assert ends(Asked("notes?status=eq.closed"), write)
        assert not Asked("notes?id=eq.2").ended_by(write.narrowed)


def test_what_stands_in_the_address_of_a_post_proves_nothing():
    """PostgREST does not look at it: the row may have had another code, to which others refer."""
    codes = relation("codes", "id:int8 code:int8 name:text")
    uses = replace(
        relation("uses", "id:int8 code:int8"),
        foreign_keys=(ForeignKey(("code",), "api.codes", ("code",)),),
    )
    over = schema(codes, uses)
    write = Written(
        "POST", "codes?code=eq.7", {"id": 1, "code": 7}, over=over,
        prefer="resolution=merge-duplicates",
    )  # fmt: skip
    assert ends(Asked("uses?id=eq.1", over=over), write)


@pytest.mark.parametrize("path", ["note-%3Estatus-%3E0", "note-%3E%3Estatus", "status-%3E0"])
def test_a_part_of_a_document_is_not_the_column_that_it_is_named_like(path):
    """An index has no name: PostgREST names it by the key before, or by the column."""
    over = schema(relation("notes", "id:int8 status:text note:jsonb"))
    read = Asked("notes?status=eq.open", over=over)
    row = {"id": 1, "note": None, "status": "a part"}
    url = f"notes?id=eq.1&select=*,{path}"
    assert ends(read, Written("PATCH", url, {"note": None}, [row], over=over))


@pytest.mark.parametrize("media", ["application/geo+json", "application/vnd.acme+json"])
def test_a_body_that_is_no_list_of_rows_shows_none(media):
    """GeoJSON has a `type` of its own, and a handler makes whatever it likes."""
    over = schema(relation("places", "id:int8 type:text"))
    write = Written("PATCH", "places?id=eq.1", {"id": 1}, [], over=over)
    body = encoded({"type": "FeatureCollection", "features": []})
    given = Answer(200, (("content-type", f"{media}; charset=utf-8"),), body)
    read = Asked("places?type=eq.pub", over=over)
    assert read.ended_by(narrowed(write.write, over, given, read.texts))


@pytest.mark.parametrize("declared", [None, frozenset({"status"})])
def test_a_payload_proves_nothing_that_a_trigger_may_rewrite(declared):
    """It says `open`, the trigger makes it `closed`."""
    over = changed(CRM, "notes", rewritten=declared)
    read = Asked("notes?status=eq.closed", over=over)
    assert ends(read, Written("POST", "notes", {"id": 1, "status": "open"}, over=over))
    assert ends(read, Written("PATCH", "notes?id=eq.1", {"team": 1}, over=over))
    row = [{"id": 1, "status": "closed", "team": 1}]
    assert ends(read, Written("PATCH", "notes?id=eq.1", {"team": 1}, row, over=over))


def test_a_cached_empty_point_read_ends_when_the_row_comes():
    """An insert touches no row that stands, so it must meet the answer that lacked one."""
    for write in (
        Written("POST", "notes", {"status": "open"}),
        Written("POST", "notes", {"id": 5, "status": "open"}, [{"id": 5, "status": "open"}]),
    ):
        assert ends(Asked("notes?id=eq.5", shown=0), write)
        assert ends(Asked("notes?id=in.(4,5)", shown=1), write)
        assert not Asked("notes?id=in.(4,5)", shown=2).ended_by(write.narrowed)


def test_an_answer_that_nobody_counted_is_taken_for_a_short_one():
    """So is one row that an aggregate made of none."""
    write = Written("POST", "notes", {"id": 5})
    assert ends(Asked("notes?id=eq.5", shown=None), write)
    assert ends(Asked("notes?select=count()&id=eq.5", shown=1), write)


def test_an_embed_by_way_of_a_junction_table_reads_that_table():
    """A new pair changes the list though neither side was written to."""
    read = Asked("projects?select=id,labels(name)&id=eq.1")
    assert ends(read, Written("POST", "projects_labels", {"project_id": 1, "label_id": 2}))
    assert ends(read, Written("PATCH", "labels?id=eq.2", {"name": "x"}))
    assert not read.ended_by(Written("PATCH", "projects?id=eq.2", {"name": "x"}).narrowed)


@pytest.mark.parametrize("hint", ["!pairs", "!pairs!inner", "!pairs!other"])
def test_a_hint_names_the_junction_table(hint):
    """By keys of several columns, which the document leaves out; of two hints the first counts."""
    over = schema(
        relation("users", "id:int8"),
        relation("tasks", "id:int8 owner:int8", keys=[("owner", "users")]),
        relation("pairs", "id:int8"),
    )
    read = Asked(f"users?select=id,tasks{hint}(id)", over=over)
    assert ends(read, Written("POST", "pairs", {"id": 2}, over=over))


def test_a_revoked_membership_ends_what_the_policy_showed():
    """The policy's source table is declared; also when it is a source's source."""
    over = schema(
        relation("notes", "id:int8 team:int8", sources=frozenset({"api.members"})),
        relation("members", "id:int8 team:int8", sources=frozenset({"api.teams"})),
        relation("teams", "id:int8"),
    )
    read = Asked("notes?id=eq.1", over=over)
    assert ends(read, Written("DELETE", "members?id=eq.3", over=over))
    assert ends(read, Written("PATCH", "teams?id=eq.3", {}, over=over))


def test_a_delete_goes_on_along_foreign_keys():
    """Cascades and SET NULL reach rows that no request names."""
    write = Written("DELETE", "contacts?id=eq.1", rows=[{"id": 1}])
    for url in ("projects?id=eq.1", "tasks?id=eq.1", "projects_labels?project_id=eq.4"):
        assert ends(Asked(url), write)
    assert not Asked("notes?id=eq.1").ended_by(write.widest)
    assert Asked("tasks?id=eq.1").ended_by(webhook("delete", "contacts", None, {"id": 1}))


def test_a_delete_ends_everything_where_foreign_keys_may_be_missing():
    """PostgREST's document does not list all of them."""
    over = schema(*CRM.relations.values(), keys_complete=False)
    assert ends(Asked("notes?id=eq.1", over=over), Written("DELETE", "labels?id=eq.1", over=over))


@pytest.mark.parametrize(
    ("asked", "wrote"),
    [("id=eq.1", "id=eq.01"), ("id=eq.%2B1", "id=eq.1"), ("id=in.(01)", "id=eq.1"),
     ("id=eq.1", "id=in.(001,2)")],
)  # fmt: skip
def test_spellings_of_one_value_are_one_value(asked, wrote):
    """`eq.1` beside `eq.01`."""
    assert ends(Asked(f"notes?{asked}"), Written("PATCH", f"notes?{wrote}", {"team": 1}))
    assert ends(Asked("contacts?ok=eq.t", over=changed(CRM, "contacts", owner_column="")),
                Written("POST", "contacts", {"ok": True},
                        over=changed(CRM, "contacts", owner_column="")))  # fmt: skip


def test_a_value_whose_spellings_are_not_all_known_pins_nothing():
    """0x1, numerics (1.0 is 1) and texts of an unknown collation."""
    write = Written("PATCH", "contacts?id=eq.1", {"price": 1}, caller=ALICE)
    no_owner = changed(CRM, "contacts", owner_column="")
    assert ends(Asked("contacts?price=eq.1.0", over=no_owner), write)
    assert ends(Asked("contacts?id=eq.0x1"), Written("PATCH", "contacts?id=eq.1", {"age": 1}))
    fuzzy = changed(CRM, "notes", exact_text=False)
    touched = Written("PATCH", "notes?id=eq.1&status=eq.a", {"status": "b"}, over=fuzzy)
    assert ends(Asked("notes?status=eq.A", over=fuzzy), touched)


def test_an_alias_is_not_taken_for_the_column_of_that_name():
    """The answer shows another column's value under the key's name."""
    for select in ("id:team,status,team", "*,id:team", "id::text,team", "j->id,team"):
        write = Written("PATCH", f"notes?select={select}&team=eq.9", {"team": 3}, [{"id": 9}])
        assert ends(Asked("notes?id=eq.4"), write)


def test_rows_that_an_embed_hides_are_touched_all_the_same():
    """`!inner` leaves them out of the answer, a filter on the embed too."""
    rows = [{"id": 1, "name": "x", "contacts": {"id": 1}}]
    for extra in ("contacts!inner(id)", "contacts(id)&contacts.id=eq.1", "id.count()"):
        url = f"projects?select=id,name,{extra}&name=eq.y"
        write = Written("PATCH", url, {"name": "x"}, rows)
        assert ends(Asked("projects?id=eq.2"), write)


def test_a_row_that_lacks_a_column_of_the_payload_proves_nothing_of_it():
    """It becomes NULL, or the column's default."""
    rows = [{"id": 1, "status": "open"}, {"id": 2}]
    write = Written("POST", "notes?columns=id,status", rows)
    assert ends(Asked("notes?status=eq.new"), write)
    one = Written("POST", "notes", {"id": 1})
    assert ends(Asked("notes?status=eq.new"), one)


def test_what_columns_leaves_out_proves_nothing_and_may_be_set_all_the_same():
    """POST ignores it then, PUT sets it."""
    body = {"id": 1, "status": "open", "team": 1}
    posted = Written("POST", "notes?columns=id,team", body)
    assert ends(Asked("notes?status=eq.new"), posted)
    put = Written("PUT", "notes?id=eq.1&columns=id,team", body, [body])
    assert ends(Asked("notes?status=eq.was"), put)


def test_blanks_at_the_end_may_be_cut_off():
    """`varchar(2)` takes 'ab ' as 'ab'."""
    write = Written("POST", "notes", {"id": 1, "status": "ab "})
    assert ends(Asked("notes?status=eq.ab"), write)


def test_a_trigger_on_another_table_is_followed():
    """And from there on, also along foreign keys."""
    over = changed(CRM, "notes", targets=frozenset({"api.projects"}))
    write = Written("PATCH", "notes?id=eq.1", {"team": 1}, over=over)
    assert ends(Asked("projects?id=eq.1", over=over), write)
    assert ends(Asked("tasks?id=eq.1", over=over), write)
    assert not Asked("labels?id=eq.1", over=over).ended_by(write.narrowed)


def test_a_write_through_a_view_reaches_the_table_behind_it():
    """A view's sources are what it may write to, where nobody said otherwise."""
    over = schema(
        *CRM.relations.values(),
        relation("open_notes", "id:int8 status:text", sources=frozenset({"api.notes"}),
                 targets=None),
    )  # fmt: skip
    write = Written("PATCH", "open_notes?id=eq.1", {"status": "x"}, over=over)
    assert ends(Asked("notes?id=eq.1", over=over), write)
    assert ends(Asked("open_notes?id=eq.1", over=over), Written("PATCH", "notes?id=eq.1", {}))


def test_grains_need_sources_and_trigger_targets_declared():
    """Without them every write ends every read of the relation."""
    for undeclared in ({"sources": None}, {"targets": None}):
        over = changed(CRM, "notes", **undeclared)
        read = Asked("notes?id=eq.1", over=over)
        assert ends(read, Written("PATCH", "notes?id=eq.2", {"team": 1}, [{"id": 2}], over=over))
        assert ends(read, Written("POST", "notes", {"id": 5}, over=over))


def test_a_refusal_of_postgrest_touched_nothing_and_no_other_failure_proves_that():
    """A proxy may fail after the write went through; a function may set any status."""
    refused = answer(409, {"code": "23505", "message": "", "details": None, "hint": None})
    write = Written("PATCH", "notes?id=eq.1", {"team": 1})
    assert not write.after(refused)
    read = Asked("notes?id=eq.1")
    for status, body in ((502, {"message": "bad gateway"}), (408, {}), (404, {"a": 1}), (500, {})):
        assert read.ended_by(write.after(answer(status, body)))
    called = Written("POST", "rpc/unknown", {})
    assert read.ended_by(called.after(refused))


def test_a_function_touches_what_it_is_declared_to_write_and_else_everything():
    """What hangs below as well: it may delete."""
    assert ends(Asked("notes?id=eq.1"), Written("POST", "rpc/bump", {}))
    assert not Asked("labels?id=eq.1").ended_by(Written("POST", "rpc/bump", {}).widest)
    assert ends(Asked("labels?id=eq.1"), Written("POST", "rpc/unknown", {}))


@pytest.mark.parametrize(
    "url",
    [
        "notes?select=id,nowhere(id)",
        "notes?select=id,labels(id)",
        "notes?select=computed",
        "notes?computed=eq.1",
        "notes?order=computed",
        "projects?select=id,contacts(computed)",
        "projects?select=id,contacts(id)&contacts.computed=eq.1",
        "projects?select=id,contacts(id)&contacts.order=computed",
        "projects?select=id,contacts(id)&order=contacts(computed)",
        "projects?select=id,total(x)",
        "notes?contacts.id=eq.1",
        "notes?id=in.(1)x",
    ],
)
def test_what_is_not_resolved_is_not_cached(url):
    """A name that is no column is a function, which may read anything."""
    assert Asked(url).held is None


def test_a_computed_column_reads_what_is_declared_of_it():
    """Then it is resolved."""
    over = schema(
        *CRM.relations.values(),
        routines={"api.size": CRM.routines["api.total"].__class__(frozenset({"api.labels"}))},
    )
    read = Asked("notes?select=id,size&id=eq.1", over=over)
    assert ends(read, Written("PATCH", "labels?id=eq.1", {"name": "x"}))


def test_a_webhook_that_does_not_show_its_rows_ends_the_relation():
    """Another sender than Supabase may leave them out."""
    assert Asked("notes?id=eq.1").ended_by(webhook("update", "notes", {"id": 2}))
    assert Asked("notes?id=eq.1").ended_by(webhook("insert", "notes"))
    partly = webhook("update", "notes", {"id": 2}, {"id": 2})
    assert Asked("notes?status=eq.x").ended_by(partly)


def test_a_body_that_is_no_json_proves_nothing():
    """CSV and forms may set any column, the key too."""
    write = Written("PATCH", "projects?id=eq.1", b"id\n2", content_type="text/csv")
    assert ends(Asked("projects?name=eq.x"), write)
    assert ends(Asked("tasks?id=eq.1"), write)
    assert encoded({}) == b"{}"
    assert frozenset() == NONE


def test_sources_of_an_embedded_table_count_though_it_is_not_told_apart():
    """Its policy reads them all the same; so does a view's query, which may be written through."""
    vague = Declared(also=frozenset({"api.labels"}))
    notes = replace(CRM.relations["api.projects"], declared=vague)
    over = replace(CRM, relations={**CRM.relations, notes.name: notes})
    read = Asked("contacts?select=id,projects(name)", over=over)
    assert ends(read, Written("PATCH", "labels?id=eq.1", {"name": "x"}, over=over))
    through = Written("PATCH", "projects?id=eq.1", {"name": "x"}, over=over)
    assert ends(Asked("labels?id=eq.1", over=over), through)


@pytest.mark.parametrize(
    ("body", "row", "columns"),
    [
        ({"status": "open"}, {"id": 1, "status": "closed"}, {"status"}),
        ({"status": "ab "}, {"id": 1, "status": "ab"}, set()),
        ({"team": "01"}, {"id": 1, "team": 1}, set()),
        ({"team": 1.5}, {"id": 1, "team": 2}, set()),  # of which nothing is certain
        ({"team": None}, {"id": 1, "team": 2}, {"team"}),
        ({"team": 3}, {"id": 1, "team": None}, {"team"}),
        ({"team": 3}, {"id": 1}, set()),
    ],
)
def test_an_answer_that_contradicts_a_declaration_ends_the_relation(body, row, columns):
    """A trigger that nobody declared has made something else of the payload."""
    for method in ("PATCH", "POST"):
        url = "notes?id=eq.1" if method == "PATCH" else "notes"
        write = Written(method, url, body, [row])
        found = outcome(write.write, CRM, write.answer)
        assert found.doubted == columns
        assert Asked("notes?id=eq.7").ended_by(found.touched) is bool(columns)
    told = changed(CRM, "notes", rewritten=frozenset(body))
    assert not outcome(write.write, told, write.answer).doubted


def test_a_row_that_is_not_its_callers_contradicts_the_owner_column():
    """The policy lets others' rows be written."""
    rows = [{"id": 1, "owner_id": "bob"}]
    write = Written("PATCH", "contacts?id=eq.1", {"age": 1}, rows, caller=ALICE)
    assert outcome(write.write, CRM, write.answer).doubted == {"owner_id"}
    assert Asked("contacts", 5, BOB).ended_by(write.narrowed)
    by_service = Written("PATCH", "contacts?id=eq.1", {"age": 1}, rows, caller=SERVICE)
    assert not outcome(by_service.write, CRM, by_service.answer).doubted


def test_text_columns_end_by_their_wide_tag_whoever_tells_them_apart():
    """Another process may have heard already that texts are exact."""
    vague, exact = changed(CRM, "notes", exact_text=False), CRM
    read = Asked("notes?status=eq.open", over=exact)
    row = {"id": 1, "team": 1, "status": "open"}
    assert ends(read, Written("PATCH", "notes?id=eq.1", {"status": "x"}, over=vague))
    assert ends(read, Written("POST", "notes", row, [row], over=vague))
    assert read.ended_by(webhook("update", "notes", row, {**row, "status": "x"}, over=vague))


def test_what_a_trigger_does_not_see_of_a_row_is_not_taken_for_null():
    """PostgreSQL generates virtual columns when they are read: a webhook shows NULL."""
    over = changed(CRM, "notes", rewritten=frozenset({"team"}))
    old, new = ({"id": 1, "status": text, "team": None} for text in "ab")
    for url in ("notes?team=eq.4", "notes?team=gt.3", "notes?team=is.null"):
        read = Asked(url, over=over)
        assert read.ended_by(webhook("update", "notes", new, old, over, read.texts))
    shown = Asked("notes?team=gt.3&status=neq.c")
    assert not shown.ended_by(webhook("update", "notes", new, old, CRM, shown.texts))


def test_a_webhook_of_a_table_that_the_document_does_not_show_ends_everything():
    """A partition's rows are another table's; a webhook names the partition."""
    assert Asked("notes?id=eq.1").ended_by(webhook("insert", "notes_2026", {"id": 1}))
    other = of_event(Event(Change("private", "log", Operation.INSERT), {"id": 1}), CRM)
    assert not Asked("notes?id=eq.1").ended_by(other)


def test_a_delete_ends_everything_before_the_schema_is_learnt():
    """Also where it was declared that the document shows every foreign key."""
    for over in (schema(), schema(replace(CRM.relations["api.contacts"], kinds={}, key=()))):
        write = Written("DELETE", "contacts?id=eq.1", over=over)
        assert ends(Asked("projects?id=eq.1", over=over), write)


@pytest.mark.parametrize(
    ("method", "url", "body", "moves"),
    [
        ("PATCH", "contacts?id=eq.1", {"id": 2}, True),
        ("PATCH", "contacts?name=eq.x", {"id": 2, "name": "y"}, True),
        ("PATCH", "contacts?id=eq.1", {"id": 1, "name": "y"}, False),
        ("PATCH", "contacts?id=eq.1", {"name": "y"}, False),
        ("POST", "contacts?on_conflict=email", {"id": 2, "email": "a"}, True),
        ("POST", "contacts", {"id": 2, "email": "a"}, False),
        ("PUT", "contacts?id=eq.2", {"id": 2, "email": "a"}, False),
    ],
)
def test_an_id_that_changes_goes_on_along_foreign_keys_that_nobody_knows(method, url, body, moves):
    """ON UPDATE CASCADE; without a schema its name is all that tells a key."""
    prefer = "resolution=merge-duplicates" if method == "POST" else ""
    write = Written(method, url, body, over=schema(), prefer=prefer)
    assert Asked("projects?id=eq.1", over=schema()).ended_by(write.widest) is moves


def test_a_filter_on_an_embedded_relation_is_not_taken_for_one_on_a_column():
    """`is.null` on an alias asks whether there are any, though a column is called so."""
    for params in ("name=is.null", "or=(name.is.null,id.eq.7)"):
        read = Asked(f"projects?select=id,name:tasks(id)&{params}&id=gt.0")
        row = {"id": 1, "contact_id": 1, "name": "x"}
        assert read.ended_by(webhook("update", "projects", row, row, texts=read.texts))


def test_of_two_ways_to_resolve_duplicates_the_one_that_overwrites_counts():
    """PostgREST obeys the first; which that is may change."""
    prefer = "resolution=merge-duplicates,resolution=ignore-duplicates"
    write = Written("POST", "notes", {"id": 1, "team": 2}, prefer=prefer)
    assert ends(Asked("notes?id=eq.1"), write)


def test_a_triggers_delete_goes_on_along_the_foreign_keys_that_are_known():
    """Also where others may be missing."""
    over = replace(changed(CRM, "notes", targets=frozenset({"api.contacts"})), keys_complete=False)
    write = Written("PATCH", "notes?id=eq.1", {"team": 1}, over=over)
    for url in ("contacts", "projects?id=eq.1", "tasks?id=eq.1"):
        assert ends(Asked(url, over=over), write)
    assert not Asked("labels?id=eq.1", over=over).ended_by(write.widest)
