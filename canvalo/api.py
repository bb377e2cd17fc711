"""The one API: its routers, and which error becomes which status."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from canvalo.crm.answers import error
from canvalo.crm.overview import router as overview
from canvalo.crm.routes import routes
from canvalo.crm.schemas import SHAPES
from canvalo.jsonbody import StrictJson
from optimizer import errors
from optimizer.api import router as optimization
from optimizer.version import __version__
from optimizer.webhook import router as webhook

_DESCRIPTION = """\
The example CRM behind the engine, and the engine's statistics.

To try a request here, press *Authorize* first. There are two kinds of token, and one does not open
what the other does:

- **Rows** (contacts, projects, invoices, appointments, overview) take a Supabase user's token. On a
  laptop, `.venv/bin/python manage.py devtoken alice` prints one.
- **Statistics** (optimization) take an API token, which `.venv/bin/python manage.py apitoken NAME`
  makes, or the session of a member of staff who has signed in to the dashboard.

`x-cache` in an answer's headers says how it was come by: `hit`, `stale`, `coalesced`, `miss` or
`bypass`. Every refusal has a `detail` for people and a `code` for programs.
"""

api = NinjaAPI(
    title="Canvalo",
    version=__version__,
    description=_DESCRIPTION,
    parser=StrictJson(),
)
for table, shapes in SHAPES.items():
    api.add_router(f"/{table.name}", routes(table, shapes))
api.add_router("/", overview)
api.add_router("/", optimization)
api.add_router("/", webhook)

# The most particular first: the status and the code under which an error of the engine is told.
STATUSES: tuple[tuple[type[Exception], int, str], ...] = (
    (errors.TokenMissing, 401, "token_missing"),
    (errors.TokenExpired, 401, "token_expired"),
    (errors.TokenInvalid, 401, "token_invalid"),
    (errors.BatchError, 422, "batch"),
    (errors.PoolFull, 503, "pool_full"),
    (errors.PoolTimeout, 503, "pool_timeout"),
    (errors.FenceUnavailable, 503, "fence_unavailable"),
    (errors.CircuitOpen, 503, "circuit_open"),
    (errors.DeadlinePassed, 504, "deadline_passed"),
    (errors.UpstreamUnreachable, 502, "upstream_unreachable"),
    (errors.OutcomeUnknown, 504, "outcome_unknown"),
    (errors.UpstreamError, 502, "upstream"),
)


def _handler(status: int, code: str) -> Callable[[HttpRequest, Any], HttpResponse]:
    def handle(request: HttpRequest, exc: Exception) -> HttpResponse:
        answer = error(status, str(exc), code)
        if status == 401:
            answer["WWW-Authenticate"] = "Bearer"
        return answer

    return handle


for kind, status, code in STATUSES:
    api.add_exception_handler(kind, _handler(status, code))


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, exc: ValidationError) -> HttpResponse:
    """Say where and what, but do not repeat what was sent: it may be personal."""
    problems = [{"where": list(e["loc"]), "what": e["msg"]} for e in exc.errors]
    return error(422, problems, "invalid")


@api.exception_handler(AuthenticationError)
def _unauthenticated(request: HttpRequest, exc: AuthenticationError) -> HttpResponse:
    hint = "`manage.py apitoken NAME` makes a token; or sign in as staff"
    return error(401, "an API token or a staff session is needed", "unauthenticated", hint)


@api.exception_handler(HttpError)
def _http(request: HttpRequest, exc: HttpError) -> HttpResponse:
    return error(exc.status_code, str(exc), "bad_request" if exc.status_code == 400 else "http")


@api.exception_handler(RequestDataTooBig)
def _too_big(request: HttpRequest, exc: RequestDataTooBig) -> HttpResponse:
    return error(413, "the body is larger than one megabyte", "too_large")
