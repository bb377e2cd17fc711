# ruff: noqa: S608 - writing SQL is what this file does; values are parameters
"""The shapes in which rows leave: JSON, CSV, GeoJSON, or what a handler of the database makes."""

from ..catalog.model import Function, MediaHandler
from ..plan.nodes import SOURCE
from ..request import Media
from .fragments import qualified

ROWS = "_postgrest_t"
SCALAR = "pgrst_scalar"
NO_BODY = "''::text"
STRIPPED = (Media.STRIPPED, Media.OBJECT_STRIPPED)
OBJECTS = (Media.OBJECT, Media.OBJECT_STRIPPED)


def body(media: str, handler: MediaHandler | None, function: Function | None) -> str:
    """The expression that gathers all rows into one value."""
    if handler:
        return _handled(handler, function)
    if media == Media.CSV:
        return _csv()
    if media == Media.GEOJSON:
        return _geojson()
    return _json(media, function)


def raw_scalar() -> str:
    """The value itself, of a function whose type says that it is of the wanted media type."""
    return f"(array_agg({ROWS}.{SCALAR}))[1]"


def _json(media: str, function: Function | None) -> str:
    scalars = function and (function.returns_scalar or function.returns_scalars)
    single = media in OBJECTS or (function and not function.returns_set)
    rows = f"json_agg({ROWS}.{SCALAR})" if scalars else f"json_agg({ROWS})"
    value = f"{rows}->0" if single else rows
    stripped = f"json_strip_nulls({value})" if media in STRIPPED else value
    return f"coalesce({stripped}, '{'null' if single else '[]'}')::text"


def _csv() -> str:
    header = (
        f"(SELECT coalesce(string_agg(a.k, ','), '') FROM (SELECT json_object_keys(r)::text AS k "
        f"FROM (SELECT row_to_json(h) AS r FROM {SOURCE.name} AS h LIMIT 1) s) a)"
    )
    row = f"substring({ROWS}::text, 2, length({ROWS}::text) - 2)"
    return f"{header} || E'\\n' || coalesce(string_agg({row}, E'\\n'), '')"


def _geojson() -> str:
    features = f"coalesce(json_agg(ST_AsGeoJSON({ROWS})::json), '[]')"
    return f"json_build_object('type', 'FeatureCollection', 'features', {features})::text"


def _handled(handler: MediaHandler, function: Function | None) -> str:
    name = qualified(handler.function)
    if function and function.returns_scalar:
        return f"{name}({ROWS}.{SCALAR})"
    cast = f"::{qualified(handler.target)}" if handler.target else ""
    return f"{name}({ROWS}{cast})"
