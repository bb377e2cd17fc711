"""The root document, as clients read tables, keys and functions from it."""

import pytest_asyncio


@pytest_asyncio.fixture
async def document(client):
    return (await client.get("/")).json()


async def test_its_media_type_and_schema(client):
    answer = await client.get("/", headers={"Accept": "application/openapi+json"})
    assert answer.headers["Content-Type"] == "application/openapi+json; charset=utf-8"
    assert answer.headers["Content-Profile"] == "served"
    head = await client.head("/")
    assert (head.status_code, head.content) == (200, b"")


async def test_what_it_is_about(document):
    assert document["swagger"] == "2.0"
    assert document["info"]["title"] == "Served API"
    assert document["info"]["description"] == "For tests.\nOf the server."
    url = "https://postgrest.org/en/v14/references/api.html"
    assert document["externalDocs"]["url"] == url
    assert "security" not in document
    assert "securityDefinitions" not in document


async def test_a_table(document):
    assert document["definitions"]["items"] == {
        "type": "object",
        "description": "Things\n\nThat can be counted.",
        "required": ["id", "name"],
        "properties": {
            "id": {
                "type": "integer",
                "format": "int32",
                "description": "Note:\nThis is a Primary Key.<pk/>",
            },
            "name": {
                "type": "string",
                "format": "text",
                "default": "none",
                "description": "What it is called",
            },
            "size": {"type": "number", "format": "numeric"},
            "tags": {"type": "array", "format": "text[]", "items": {"type": "string"}},
            "data": {"format": "jsonb"},
        },
    }


async def test_keys_of_tables_and_views(document):
    part = document["definitions"]["parts"]["properties"]
    note = "This is a Foreign Key to `items.id`.<fk table='items' column='id'/>"
    assert part["item_id"]["description"] == f"Note:\n{note}"
    assert part["code"]["maxLength"] == 5
    view = document["definitions"]["item_names"]
    assert view["properties"]["id"]["description"] == "Note:\nThis is a Primary Key.<pk/>"
    assert "required" not in view


async def test_the_paths_of_a_table(document):
    path = document["paths"]["/items"]
    assert list(path) == ["get", "post", "patch", "delete"]
    get = path["get"]
    assert (get["tags"], get["summary"]) == (["items"], "Things")
    assert get["description"] == "That can be counted."
    refs = [parameter["$ref"].removeprefix("#/parameters/") for parameter in get["parameters"]]
    assert refs[:2] == ["rowFilter.items.id", "rowFilter.items.name"]
    assert refs[-7:] == [
        "select",
        "order",
        "range",
        "rangeUnit",
        "offset",
        "limit",
        "preferCount",
    ]
    assert all(ref in document["parameters"] for ref in refs)
    rows = get["responses"]["200"]["schema"]
    assert rows == {"type": "array", "items": {"$ref": "#/definitions/items"}}


async def test_a_functions_arguments(document):
    path = document["paths"]["/rpc/item_range"]
    assert path["get"]["parameters"][0] == {
        "name": "low",
        "required": True,
        "in": "query",
        "type": "integer",
        "format": "int32",
    }
    schema = path["post"]["parameters"][0]["schema"]
    assert schema["required"] == ["low", "high"]
    hello = document["paths"]["/rpc/hello"]["post"]["parameters"][0]["schema"]
    assert "required" not in hello
    words = document["paths"]["/rpc/repeat_words"]["get"]["parameters"][0]
    assert (words["collectionFormat"], words["items"]) == (
        "multi",
        {"type": "string", "format": "text"},
    )


async def test_a_volatile_function_is_for_post_alone(document):
    assert list(document["paths"]["/rpc/take_id"]) == ["post"]
    assert "enum" not in document["parameters"]["preferParams"]


async def test_a_computed_column_without_a_parameters_name_is_no_function(client, document):
    """It cannot be called, so nobody learns of it: neither does who reads the document."""
    assert "/rpc/label_of" not in document["paths"]
    assert "/rpc/measure" in document["paths"]
    refused = await client.post("/rpc/label_of", json={})
    assert (refused.status_code, refused.json()["code"]) == (404, "PGRST202")
    assert "label_of" in (await client.get("/items?select=label_of&limit=1")).json()[0]


async def test_only_what_the_role_may_use_is_in_it(client, bearer, document):
    mine = (await client.get("/", headers=bearer())).json()
    assert "/closed" in mine["paths"]
    assert "/closed" not in document["paths"]
    assert "closed" not in document["definitions"]
    assert "/rpc/privileged" not in mine["paths"]


async def test_each_schema_has_its_own(client):
    other = (await client.get("/", headers={"Accept-Profile": "api"})).json()
    assert "/contacts" in other["paths"]
    assert "/items" not in other["paths"]
