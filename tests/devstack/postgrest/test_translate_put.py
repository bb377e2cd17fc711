"""PUT: the one row that the URL names."""

import pytest

from canvalo.devstack.postgrest.errors import Refusal

from .translate_stage import stage  # noqa: F401

ROWS = "return=representation"
NEW = "select * from clients where id > 2 order by id"


def test_put(stage):  # noqa: F811
    """PUT makes or replaces the one row that the URL names."""
    new = stage.ask("PUT", "/clients?id=eq.3", {"id": 3, "name": "x"}, then=NEW)
    old = stage.ask("PUT", "/clients?id=eq.2", {"id": 2, "name": "z"}, prefer=ROWS)
    other = stage.ask("PUT", "/clients?id=eq.3", {"id": 4, "name": "x"}, then=NEW)
    assert new.json == [{"id": 3, "name": "x"}]
    assert (new.inserted, new.page) == (1, 1)
    assert old.json == [{"id": 2, "name": "z"}]
    assert old.inserted == 0
    assert other.json == []
    assert other.page == 0


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("/clients", "PGRST105"),
        ("/clients?id=gt.1", "PGRST105"),
        ("/clients?id=not.eq.1", "PGRST105"),
        ("/clients?id=eq(any).{1}", "PGRST105"),
        ("/clients?id=eq.1&name=eq.x", "PGRST105"),
        ("/clients?id=eq.1&and=(id.eq.1)", "PGRST105"),
        ("/users_tasks?user_id=eq.1", "PGRST105"),
        ("/nopk?a=eq.1", "PGRST105"),
        ("/clients?id=eq.1&limit=1", "PGRST114"),
        ("/clientz?id=eq.1&limit=1", "PGRST114"),
        ("/clientz?id=eq.1", "PGRST205"),
    ],
)
def test_put_refused(stage, url, code):  # noqa: F811
    """PUT takes the whole key with `eq`, and nothing else."""
    with pytest.raises(Refusal, match=code):
        stage.plan("PUT", url, {"id": 1, "name": "x"})
