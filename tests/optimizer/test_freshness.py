"""What a process knows of changes: never that something stands which has changed."""

from hypothesis import given
from hypothesis import strategies as st

from optimizer.domain.freshness import Mark, TagLog, View

TAGS = ("*", "r:a", "r:b")


def seen(applied=5, until=10.0):
    """A view that has caught up."""
    view = View()
    view.adopt(Mark("one", 0))
    view.catch_up(Mark("one", applied), [], until)
    return view


def test_an_entry_stands_until_one_of_its_tags_changes():
    """Others may change as they like."""
    view = seen()
    view.catch_up(Mark("one", 6), [(6, ["r:b"])], 11.0)
    assert view.stands(Mark("one", 5), ["*", "r:a"])
    assert not view.stands(Mark("one", 5), ["*", "r:b"])
    assert view.stands(Mark("one", 6), ["*", "r:b"])


def test_a_late_fill_is_known_for_what_it_is():
    """The change came between its look and its end."""
    view = seen()
    view.change(Mark("one", 6), ["r:a"], own=True)
    assert not view.stands(Mark("one", 5), ["r:a"])


def test_what_is_missing_counts_as_changed():
    """A gap in the stream drops everything."""
    view = seen()
    view.catch_up(Mark("one", 9), None, 11.0)
    assert not view.stands(Mark("one", 8), ["r:a"])
    assert view.stands(Mark("one", 9), ["r:a"])


def test_the_lease_ends_and_is_never_shortened():
    """Replies may arrive in another order than they were asked for."""
    view = seen(until=10.0)
    view.catch_up(Mark("one", 5), [], 9.0)
    assert view.serves_unasked(9.9, None)
    assert not view.serves_unasked(10.0, None)


def test_a_token_is_served_where_its_position_is_applied():
    """A process's own change, applied out of turn, is not the others' before it."""
    view = seen(applied=5)
    view.change(Mark("one", 7), ["r:a"], own=True)
    assert view.serves_unasked(0.0, Mark("one", 5))
    assert not view.serves_unasked(0.0, Mark("one", 7))
    assert not view.serves_unasked(0.0, Mark("two", 1))


def test_another_epoch_drops_everything_and_ends_the_lease():
    """And what is heard of the one before no longer counts."""
    view = seen()
    assert view.adopt(Mark("two", 3))
    assert not view.serves_unasked(0.0, None)
    assert not view.stands(Mark("one", 5), ["r:a"])
    assert not view.adopt(Mark("one", 99))
    assert not view.change(Mark("one", 99), ["r:a"])
    view.catch_up(Mark("one", 99), [], 20.0)
    assert (view.epoch, view.applied) == ("two", 3)
    assert not view.serves_unasked(0.0, None)


def test_own_writes_are_known_apart():
    """For what is served while Supabase fails."""
    view = seen()
    view.catch_up(Mark("one", 6), [(6, ["r:a"])], 11.0)
    assert not view.wrote_since(Mark("one", 5), ["r:a"])
    view.change(Mark("one", 7), ["r:a"], own=True)
    assert view.wrote_since(Mark("one", 6), ["r:a"])
    assert not view.wrote_since(Mark("one", 7), ["r:a"])
    assert view.wrote_since(Mark("two", 9), ["r:a"])


notes = st.lists(st.tuples(st.sets(st.sampled_from("abcdefgh"), min_size=1), st.integers(1, 50)))


@given(notes, st.integers(1, 8), st.integers(0, 50), st.sampled_from("abcdefgh"))
def test_a_bounded_log_forgets_towards_caution(notes, most, position, tag):
    """It never says that a tag did not change when it did."""
    log, truth = TagLog(most), {}
    for tags, at in notes:
        log.note(tags, at)
        truth.update({t: max(at, truth.get(t, 0)) for t in tags})
    if truth.get(tag, 0) > position:
        assert log.changed_since(position, [tag])
