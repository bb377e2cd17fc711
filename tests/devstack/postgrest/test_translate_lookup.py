"""What the catalog does not have, or has more than once: PostgREST's PGRST1xx and PGRST2xx."""

import pytest

from canvalo.devstack.postgrest.errors import Refusal

from .translate_stage import stage  # noqa: F401


def refused(stage, url, **more):  # noqa: F811
    with pytest.raises(Refusal) as caught:
        stage.plan("GET", url, **more)
    return caught.value.status, caught.value.body()


def test_no_relationship(stage):  # noqa: F811
    """PGRST200, with the nearest target or origin as the hint."""
    assert refused(stage, "/clients?select=*,project(*)") == (
        400,
        {
            "code": "PGRST200",
            "details": "Searched for a foreign key relationship between 'clients' and 'project' "
            "in the schema 'test', but no matches were found.",
            "hint": "Perhaps you meant 'projects' instead of 'project'.",
            "message": "Could not find a relationship between 'clients' and 'project' in the "
            "schema cache",
        },
    )
    _, body = refused(stage, "/projects?select=*,clients!wrong(*)")
    assert body["details"] == (
        "Searched for a foreign key relationship between 'projects' and 'clients' using the hint "
        "'wrong' in the schema 'test', but no matches were found."
    )
    assert body["hint"] is None


def test_ambiguous_relationship(stage):  # noqa: F811
    """PGRST201 tells every candidate, and how to name it."""
    assert refused(stage, "/orders?select=*,addresses(*)") == (
        300,
        {
            "code": "PGRST201",
            "details": [
                {
                    "cardinality": "many-to-one",
                    "embedding": "orders with addresses",
                    "relationship": "billing using orders(billing_address_id) and addresses(id)",
                },
                {
                    "cardinality": "many-to-one",
                    "embedding": "orders with addresses",
                    "relationship": "shipping using orders(shipping_address_id) and addresses(id)",
                },
            ],
            "hint": "Try changing 'addresses' to one of the following: 'addresses!billing', "
            "'addresses!shipping'. Find the desired relationship in the 'details' key.",
            "message": "Could not embed because more than one relationship was found for "
            "'orders' and 'addresses'",
        },
    )


@pytest.mark.parametrize(
    ("url", "code", "message"),
    [
        ("/clients?select=*&projects.id=eq.1", "PGRST108", "'projects' is not an embedded"),
        ("/clients?select=id&projects.order=id", "PGRST108", "'projects' is not an embedded"),
        ("/clients?select=id&projects.limit=1", "PGRST108", "'projects' is not an embedded"),
        ("/clients?select=id&projects.or=(id.eq.1)", "PGRST108", "'projects' is not an"),
        ("/projects?select=id&order=clientsx(name)", "PGRST108", "'clientsx' is not an embedded"),
        ("/clients?select=*,pros:projects(*)&order=pros(id)", "PGRST118", "order on 'pros'"),
        ("/clients?select=projects(id.count())", "PGRST123", "Use of aggregate functions"),
    ],
)
def test_refusals(stage, url, code, message):  # noqa: F811
    """What cannot be embedded, filtered or ordered is refused with PostgREST's code."""
    _, body = refused(stage, url)
    assert body["code"] == code
    assert message in body["message"]


def test_candidates_come_in_postgrests_order(stage):  # noqa: F811
    """One-to-many before many-to-one, however the catalog lists them."""
    _, body = refused(stage, "/agents?select=*,departments(*)")
    assert [one["cardinality"] for one in body["details"]] == ["one-to-many", "many-to-one"]
    assert "'departments!headed_by', 'departments!works_in'" in body["hint"]
