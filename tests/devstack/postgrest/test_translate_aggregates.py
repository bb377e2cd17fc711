"""Aggregates: grouping, and at which level of a spread they are computed."""

import pytest

from canvalo.devstack.postgrest.errors import Refusal
from canvalo.devstack.postgrest.statement import Options

from .translate_stage import stage  # noqa: F401

ON = Options(aggregates=True)


def test_to_many_spread_takes_no_aggregates(stage):  # noqa: F811
    """PostgREST has not implemented it, and says so."""
    with pytest.raises(Refusal) as caught:
        stage.plan("GET", "/clients?select=...projects(id.count())", options=ON)
    assert (caught.value.code, caught.value.details) == (
        "PGRST127",
        "Aggregates are not implemented for one-to-many or many-to-many spreads.",
    )


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("/items?select=count()", [{"count": 3}]),
        ("/items?select=n:count()", [{"n": 3}]),
        (
            "/items?select=kind,price.sum()&order=kind",
            [{"kind": "a", "sum": 12}, {"kind": "b", "sum": 11}],
        ),
        (
            "/items?select=price.max(),price.min(),avg:price.avg()::int,id.count()",
            [{"max": 11, "min": 5, "avg": 8, "count": 3}],
        ),
        ("/items?select=price::text.max()&kind=eq.a", [{"max": "7"}]),
        (
            "/clients?select=name,projects(count())&order=id",
            [
                {"name": "Microsoft", "projects": [{"count": 2}]},
                {"name": "Apple", "projects": [{"count": 2}]},
            ],
        ),
        (
            "/projects?select=...clients(name),id.count()&client_id=not.is.null"
            "&order=clients(name)",
            [{"count": 2, "name": "Apple"}, {"count": 2, "name": "Microsoft"}],
        ),
        (
            "/projects?select=*,...clients(n:count())&id=gt.3&order=id",
            [
                {"id": 4, "name": "OSX", "client_id": 2, "n": 1},
                {"id": 5, "name": "Orphan", "client_id": None, "n": 0},
            ],
        ),
        ("/things?select=id:body->>k,n:count()&id=eq.1", [{"id": "v", "n": 1}]),
        (
            "/tasks?select=...projects(client_id,id.max())&project_id=lt.3",
            [{"client_id": 1, "max": 2}],
        ),
        ("/tasks?select=...projects(count())&project_id=eq.1", [{"count": 2}]),
        ("/tasks?select=...projects(n:count())&project_id=eq.1", [{"n": 2}]),
        (
            "/tasks?select=...projects(...clients(name,id.count()))&project_id=lt.3",
            [{"name": "Microsoft", "count": 4}],
        ),
        (
            "/projects?select=clients(name),id.count()&client_id=eq.1",
            [{"clients": {"name": "Microsoft"}, "count": 2}],
        ),
        ("/things?select=body->k,id.count()&id=eq.1", [{"k": "v", "count": 1}]),
        ("/items?select=*,price.sum()&id=eq.1", [{"id": 1, "kind": "a", "price": 5, "sum": 5}]),
    ],
)
def test_aggregates(stage, url, expected):  # noqa: F811
    """Grouped by what is not aggregated; a to-one spread is aggregated where its parent is."""
    assert stage.get(url, options=ON) == expected
