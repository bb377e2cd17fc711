"""Embedding: the shapes that PostgREST's own tests expect."""

import pytest

from .translate_stage import stage  # noqa: F401


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "/projects?select=id,clients(name)&order=id&id=gt.3",
            [{"id": 4, "clients": {"name": "Apple"}}, {"id": 5, "clients": None}],
        ),
        (
            "/clients?select=name,projects(name)&projects.order=name.desc&order=id&id=eq.2",
            [{"name": "Apple", "projects": [{"name": "OSX"}, {"name": "IOS"}]}],
        ),
        (
            "/users?select=name,tasks(id)&tasks.order=id&id=eq.2",
            [{"name": "Michael Scott", "tasks": [{"id": 5}, {"id": 6}, {"id": 7}]}],
        ),
        (
            "/tasks?select=id,users(name,tasks(id))&id=eq.6&users.tasks.id=eq.7",
            [{"id": 6, "users": [{"name": "Michael Scott", "tasks": [{"id": 7}]}]}],
        ),
        (
            "/tasks?select=id,project:projects(name,client:clients(name))&id=eq.1",
            [{"id": 1, "project": {"name": "Windows 7", "client": {"name": "Microsoft"}}}],
        ),
        (
            "/projects?select=id,client:client_id(name)&id=eq.1",
            [{"id": 1, "client": {"name": "Microsoft"}}],
        ),
        (
            "/projects?select=id,projects_client_id_fkey(name)&id=eq.1",
            [{"id": 1, "projects_client_id_fkey": {"name": "Microsoft"}}],
        ),
        (
            "/orders?select=id,billing:addresses!billing(id),ship:addresses!shipping_address_id(id)"
            "&order=id",
            [
                {"id": 1, "billing": {"id": 1}, "ship": {"id": 2}},
                {"id": 2, "billing": {"id": 3}, "ship": None},
            ],
        ),
        (
            "/addresses?select=id,orders!billing(id)&id=eq.1",
            [{"id": 1, "orders": [{"id": 1}]}],
        ),
        (
            "/users?select=id,tasks!users_tasks(id)&id=eq.3&tasks.order=id",
            [{"id": 3, "tasks": [{"id": 1}, {"id": 5}]}],
        ),
        (
            "/family_tree?select=id,children:family_tree(id),up:parent(name)&id=in.(1,2)&order=id"
            "&children.order=id",
            [
                {"id": "1", "children": [{"id": "2"}, {"id": "3"}], "up": None},
                {"id": "2", "children": [], "up": {"name": "Parental Unit"}},
            ],
        ),
        (
            "/family_tree?select=id,below:family_tree!parent(id)&id=eq.1&below.order=id",
            [{"id": "1", "below": [{"id": "2"}, {"id": "3"}]}],
        ),
        (
            "/country?select=name,capital(name)&order=id&limit=1",
            [{"name": "Afghanistan", "capital": {"name": "Kabul"}}],
        ),
        (
            "/capital?select=name,country(name)&id=eq.2",
            [{"name": "Algiers", "country": {"name": "Algeria"}}],
        ),
        (
            "/projects_view?select=id,clients(name),tasks(id)&id=eq.3&tasks.order=id",
            [{"id": 3, "clients": {"name": "Apple"}, "tasks": [{"id": 5}, {"id": 6}]}],
        ),
        (
            "/games?select=id,computed_designer(name)&id=eq.3",
            [{"id": 3, "computed_designer": {"name": "Hironobu"}}],
        ),
        (
            "/designers?select=name,all:computed_games(id)&id=eq.1&all.order=id",
            [{"name": "Sid", "all": [{"id": 1}, {"id": 2}]}],
        ),
        (
            "/clients?select=id,projects!inner(id)&projects.id=eq.3",
            [{"id": 2, "projects": [{"id": 3}]}],
        ),
        (
            "/projects?select=id,clients!inner()&clients.name=eq.Apple&order=id",
            [{"id": 3}, {"id": 4}],
        ),
        ("/projects?select=id,clients!left(id)&id=eq.5", [{"id": 5, "clients": None}]),
        ("/clients?select=id,projects()&order=id", [{"id": 1}, {"id": 2}]),
        ("/clients?select=projects(id)&projects.id=gt.3&id=eq.2", [{"projects": [{"id": 4}]}]),
        (
            "/clients?select=id,projects(id)&projects.limit=1&projects.offset=1&projects.order=id"
            "&order=id",
            [{"id": 1, "projects": [{"id": 2}]}, {"id": 2, "projects": [{"id": 4}]}],
        ),
        (
            "/clients?select=id,projects(id)&projects.or=(id.eq.1,name.eq.OSX)&order=id",
            [{"id": 1, "projects": [{"id": 1}]}, {"id": 2, "projects": [{"id": 4}]}],
        ),
        ("/projects?select=name,clients()&clients=is.null", [{"name": "Orphan"}]),
        (
            "/projects?select=id,clients()&clients=not.is.null&order=id.desc&limit=1",
            [{"id": 4}],
        ),
        (
            "/projects?select=id,clients(),tasks()&or=(clients.is.null,tasks.is.null)",
            [{"id": 5}],
        ),
        (
            "/users?select=name,tasks()&tasks.id=eq.1&tasks=is.null",
            [{"name": "Michael Scott"}],
        ),
        (
            "/projects?select=id,client_id,client:client_id(name)&client_id=eq.2&order=id&limit=1",
            [{"id": 3, "client_id": 2, "client": {"name": "Apple"}}],
        ),
        (
            "/projects?select=id,clients(name)&order=clients(name).nullsfirst,id&limit=2",
            [{"id": 5, "clients": None}, {"id": 3, "clients": {"name": "Apple"}}],
        ),
        (
            "/games?select=id,computed_designer(id)&order=computed_designer(id).desc,id&limit=1",
            [{"id": 3, "computed_designer": {"id": 2}}],
        ),
        (
            "/projects?select=id,...clients(client:name)&id=in.(1,5)&order=id",
            [{"id": 1, "client": "Microsoft"}, {"id": 5, "client": None}],
        ),
        (
            "/tasks?select=id,...projects(project:name,...clients(client:name))&id=eq.1",
            [{"id": 1, "project": "Windows 7", "client": "Microsoft"}],
        ),
        (
            "/tasks?select=id,...projects(clients(name))&id=eq.1",
            [{"id": 1, "clients": {"name": "Microsoft"}}],
        ),
        (
            "/clients?select=name,...projects(titles:name,ids:id)&projects.order=id.desc&order=id",
            [
                {"name": "Microsoft", "titles": ["Windows 10", "Windows 7"], "ids": [2, 1]},
                {"name": "Apple", "titles": ["OSX", "IOS"], "ids": [4, 3]},
            ],
        ),
        (
            "/users?select=name,...tasks(*)&id=eq.2&tasks.order=id.desc&tasks.limit=2",
            [
                {
                    "name": "Michael Scott",
                    "id": [7, 6],
                    "project_id": [4, 3],
                }
                | {"name": ["Design OSX", "Code IOS"]},
            ],
        ),
        (
            "/clients?select=id,...projects(...tasks(task_ids:id))&id=eq.9",
            [],
        ),
        (
            "/clients?select=id,...projects(pids:id,...tasks(tids:id))&id=eq.2&projects.order=id"
            "&projects.tasks.order=id",
            [{"id": 2, "pids": [3, 4], "tids": [[5, 6], [7, 8]]}],
        ),
        (
            "/projects?select=id,...tasks(tids:id)&id=eq.5",
            [{"id": 5, "tids": []}],
        ),
    ],
)
def test_shapes(stage, url, expected):  # noqa: F811
    """What comes out for each way of embedding."""
    assert stage.get(url) == expected


@pytest.mark.parametrize(
    ("url", "total"),
    [
        ("/projects?select=id,clients!inner(id)&limit=1", 4),
        ("/projects?select=id,clients()&clients=is.null&limit=9", 1),
        ("/projects?select=id,clients(id)&clients=not.is.null&limit=1", 4),
        ("/clients?select=id,projects!inner(id,tasks!inner(id))&projects.tasks.id=eq.7&limit=1", 1),
        ("/users?select=id,tasks!inner(id)&tasks.id=eq.1&limit=1", 2),
        ("/projects?select=id,clients(),tasks()&or=(clients.is.null,tasks.is.null)&limit=1", 1),
    ],
)
def test_exact_count_follows_embeds(stage, url, total):  # noqa: F811
    """Inner joins and null filters count among the conditions, also for the total."""
    assert stage.ask("GET", url, prefer="count=exact").total == total


def test_names_that_meet(stage):  # noqa: F811
    """A column of one embedded relation is not taken for another relation, or for a row."""
    url = "/designers?select=...games(designers(id)),computed_games(id)&id=eq.2"
    assert stage.get(url) == [{"designers": [{"id": 2}], "computed_games": [{"id": 3}]}]


def test_nothing_selected(stage):  # noqa: F811
    """Rows without columns are empty objects, still one for each row."""
    assert stage.get("/clients?select=projects()") == [{}, {}]
