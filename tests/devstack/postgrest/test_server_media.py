"""Content negotiation: what is wanted, what can be produced."""

import pytest

from canvalo.devstack.postgrest import media
from canvalo.devstack.postgrest.catalog.model import Catalog, Function, MediaHandler, Name
from canvalo.devstack.postgrest.request import Media

ITEMS = Name("api", "items")


def catalog(*handlers, functions=None):
    return Catalog(("api",), 180000, {}, {}, functions or {}, handlers=handlers)


def negotiated(accept, found=None, target=ITEMS, whole_row=True):
    wanted = media.accepted(accept)
    return media.negotiate(wanted, found or catalog(), target, whole_row=whole_row)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, [media.ANY]),
        ("application/json", [Media.JSON]),
        ("application/json;charset=utf-8", [Media.JSON]),
        ("text/csv, application/json", [Media.CSV, Media.JSON]),
        ("*/*, text/csv", [Media.CSV, media.ANY]),
        ("text/csv;q=0.5, application/json;q=0.8", [Media.JSON, Media.CSV]),
        ("application/vnd.pgrst.object", [Media.OBJECT]),
        ("application/vnd.pgrst.object+json;nulls=stripped", [Media.OBJECT_STRIPPED]),
        ("application/vnd.pgrst.array+json", [Media.JSON]),
        ("application/vnd.pgrst.array+json; nulls=stripped", [Media.STRIPPED]),
        (
            'application/vnd.pgrst.plan+json; for="text/csv"; options=analyze|wal',
            ['application/vnd.pgrst.plan+json; for="text/csv"; options=analyze|wal'],
        ),
        ("application/vnd.pgrst.plan", ['application/vnd.pgrst.plan+text; for="application/json"']),
        ("unknown/unknown", ["unknown/unknown"]),
        ("", []),
        ("Application/JSON; Charset=UTF-8", [Media.JSON]),
        ("ApplicatIon/vnd.PgRsT.object+json;NULLS=stripped;x=y", [Media.OBJECT_STRIPPED]),
        ("un/known;a=b, nonsense", ["un/known;a=b", "nonsense"]),
    ],
)
def test_the_accept_header_is_read_as_postgrest_reads_it(header, expected):
    assert media.accepted(header) == expected


@pytest.mark.parametrize(
    ("accept", "produced"),
    [
        (None, Media.JSON),
        ("text/html, */*", Media.JSON),
        ("text/csv", Media.CSV),
        ("unknown/unknown, text/csv", Media.CSV),
        ("application/geo+json", Media.GEOJSON),
        ("application/vnd.pgrst.object+json", Media.OBJECT),
        ("text/plain", None),
        ("application/octet-stream", None),
        ("application/vnd.pgrst.plan+json", None),
        ("unknown/unknown", None),
    ],
)
def test_the_first_that_can_be_produced_is_taken(accept, produced):
    assert negotiated(accept) == produced


def test_a_handler_for_any_row_adds_a_media_type():
    found = catalog(MediaHandler("text/plain", Name("api", "plain"), None))
    assert negotiated("text/plain", found) == "text/plain"


def test_a_relations_own_handler_counts_for_whole_rows_of_it_alone():
    found = catalog(MediaHandler("text/html", Name("api", "page"), ITEMS))
    assert negotiated("text/html", found) == "text/html"
    assert negotiated("text/html", found, whole_row=False) is None
    assert negotiated("text/html", found, target=Name("api", "other")) is None


def test_a_relations_handler_for_everything_takes_everything():
    found = catalog(MediaHandler("*/*", Name("api", "any"), ITEMS))
    assert negotiated("text/csv", found) == media.ANY
    assert media.content_type(media.ANY) == "application/octet-stream"


def test_a_function_that_returns_a_media_type_produces_it():
    name = Name("api", "page")
    function = Function(name, (), Name("api", "text/html"))
    found = catalog(functions={name: (function,)})
    assert negotiated("text/html", found, target=name) == "text/html"


@pytest.mark.parametrize(
    ("kind", "header"),
    [
        (Media.JSON, "application/json; charset=utf-8"),
        (Media.CSV, "text/csv; charset=utf-8"),
        (Media.OBJECT, "application/vnd.pgrst.object+json; charset=utf-8"),
        (Media.OBJECT_STRIPPED, "application/vnd.pgrst.object+json;nulls=stripped; charset=utf-8"),
        (Media.BINARY, "application/octet-stream"),
        ("image/png", "image/png"),
    ],
)
def test_text_is_sent_with_its_charset(kind, header):
    assert media.content_type(kind) == header
