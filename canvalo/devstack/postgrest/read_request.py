"""Raw HTTP → what is asked: rows, the root document, or what is allowed."""

from dataclasses import dataclass, replace

from . import body, errors, media, preferences, ranges
from .catalog.model import Catalog, Name
from .parameters import read_query
from .query import ALL, Field, Query, SelectField
from .raw import Raw
from .request import Action, Media, Payload, Request

ROOT, RELATION, FUNCTION = "root", "relation", "function"
_WRITES = ("POST", "PATCH", "PUT", "DELETE")
_ON_RELATIONS = {
    "GET": Action.READ,
    "HEAD": Action.READ,
    "POST": Action.INSERT,
    "PATCH": Action.UPDATE,
    "PUT": Action.UPSERT_ONE,
    "DELETE": Action.DELETE,
}
_WITH_BODY = (Action.INSERT, Action.UPDATE, Action.UPSERT_ONE)
_WHOLE_ROW = (SelectField(Field("*")),)


@dataclass(frozen=True, slots=True)
class Target:
    """What the path names, and in which schema."""

    kind: str
    name: str
    schema: str
    profile_shown: bool  # whether the answer names the schema


def read_target(raw: Raw, schemas: tuple[str, ...]) -> Target:
    """What this request is about; raises Refusal (PGRST106, PGRST125)."""
    segments = raw.segments
    if not segments:
        kind, name = ROOT, ""
    elif len(segments) == 1:
        kind, name = RELATION, segments[0]
    elif len(segments) == 2 and segments[0] == "rpc":
        kind, name = FUNCTION, segments[1]
    else:
        raise errors.bad_path()
    schema = raw.header("content-profile" if raw.method in _WRITES else "accept-profile")
    if schema is not None and schema not in schemas:
        raise errors.unknown_schema(schema, schemas)
    # With several schemas the first one counts as negotiated.
    return Target(kind, name, schema or schemas[0], schema is not None or len(schemas) > 1)


def read_action(raw: Raw, target: Target) -> Action:
    """What is to be done; raises Refusal (PGRST101, PGRST117)."""
    if target.kind == FUNCTION:
        if raw.method not in ("GET", "HEAD", "POST"):
            raise errors.rpc_method(raw.method)
        return Action.CALL
    if target.kind == ROOT or raw.method not in _ON_RELATIONS:
        raise errors.unknown_method(raw.method)
    return _ON_RELATIONS[raw.method]


def read_request(
    raw: Raw, target: Target, action: Action, catalog: Catalog, *, tx_override: bool = True
) -> Request:
    """Everything that was asked, with JSON for its media type; raises Refusal (PGRST1xx)."""
    is_call = action is Action.CALL
    query = read_query(raw.query, arguments_allowed=is_call and raw.method != "POST")
    if action is Action.UPSERT_ONE or not body.is_json(raw.header("content-type")):
        query = replace(query, columns=None)  # there every field of the body is meant
    span = ranges.top_span(raw.method, raw.header("range"), dict(query.ranges).get((), ALL))
    prefer = raw.all("prefer")
    return Request(
        action=action,
        method=raw.method,
        schema=target.schema,
        name=target.name,
        query=query,
        preferences=preferences.read_preferences(
            prefer, catalog.time_zones if prefer else (), tx_override=tx_override
        ),
        span=span,
        payload=_payload(raw, action, query),
    )


def _payload(raw: Raw, action: Action, query: Query) -> Payload | None:
    is_call = action is Action.CALL and raw.method == "POST"
    if not is_call and action not in _WITH_BODY:
        return None
    return body.read_payload(raw.body, raw.header("content-type"), query.columns, is_call=is_call)


def with_media(request: Request, raw: Raw, catalog: Catalog) -> Request:
    """The same request in a media type that is accepted; raises Refusal (PGRST107)."""
    wanted = media.accepted(raw.header("accept"))
    whole_row = request.query.select == _WHOLE_ROW
    found = media.negotiate(wanted, catalog, _answered(request, catalog), whole_row=whole_row)
    if found is None:
        raise errors.not_acceptable(wanted)
    return request if found == Media.JSON else replace(request, media=found)


def _answered(request: Request, catalog: Catalog) -> Name:
    """The relation that is answered, or the function where it answers no rows of one."""
    name = Name(request.schema, request.name)
    if request.action is not Action.CALL:
        return name
    functions = catalog.functions.get(name, ())
    return functions[0].returns if functions and functions[0].returns_composite else name


def check_preferences(request: Request) -> None:
    """Refuse (PGRST122) unknown preferences where they are to be taken strictly."""
    if request.preferences.strict and request.preferences.invalid:
        raise errors.bad_preferences(request.preferences.invalid)
