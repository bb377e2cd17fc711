"""The page of hostile inputs says what the tests send and demand."""

from tests.security import hostile
from tests.stack import PROJECT


def test_the_page_is_what_the_tests_go_through():
    """Write it anew with `python -m tests.security.hostile > docs/hostile.md`."""
    assert (PROJECT / "docs" / "hostile.md").read_text() == hostile.document()


def test_there_are_many():
    """Sixty at least."""
    assert hostile.count() >= 60
