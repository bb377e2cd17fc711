"""The whole OpenAPI document, asked at random: no fault, no answer that it does not describe."""

import copy
import uuid

import pytest
from hypothesis import HealthCheck, given, settings

from canvalo.api import api
from canvalo.crm.tables import TABLES
from tests.security.conftest import WEBHOOK, manage

pytestmark = pytest.mark.slow
schemathesis = pytest.importorskip("schemathesis")
checks = pytest.importorskip("schemathesis.checks")
conformance = pytest.importorskip("schemathesis.specs.openapi.checks")
failures = pytest.importorskip("schemathesis.core.failures")

CHECKS = [
    checks.not_a_server_error,
    conformance.status_code_conformance,
    conformance.content_type_conformance,
    conformance.response_schema_conformance,
]
# Examples of each kind for each endpoint; the same ones in each run: what is red stays red.
FEW = settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
DOCUMENT = schemathesis.openapi.from_dict(api.get_openapi_schema())
OPERATIONS = {found.ok().label: found.ok() for found in DOCUMENT.get_all_operations()}
RIGHT, WRONG = schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE
# What chance may not meet: a row that is there, another table's id, an end after its beginning.
BOUND_TO_OTHERS = ("projects", "invoices", "appointments")
UNLIKELY = {
    *(f"DELETE /api/{table.name}/{{key}}" for table in TABLES),
    *(f"{method} /api/{name}/{{key}}" for name in BOUND_TO_OTHERS for method in ("PATCH", "PUT")),
    *(f"POST /api/{name}" for name in BOUND_TO_OTHERS),
}
each_operation = pytest.mark.parametrize("name", OPERATIONS)


@pytest.fixture
def api_token(migrated, request):
    """One for each test of the statistics: those of others would use up its requests a second."""
    if "/optimization/" not in request.node.name and "noticed" not in request.node.name:
        return ""
    return manage("apitoken", f"schema-check-{uuid.uuid4()}").splitlines()[-1]


@pytest.fixture(scope="session")
def rows(web, token_for):
    """A row of alice's in each table: what is asked at random meets none."""
    headers = {"Authorization": f"Bearer {token_for('alice')}"}
    listed = {t.name: web.ask("GET", f"/api/{t.name}?limit=1", headers=headers) for t in TABLES}
    return {name: answer.json()[0]["id"] for name, answer in listed.items()}


def cases(name, mode):
    """Random requests to an endpoint that fit its description, or break it in one place."""
    return OPERATIONS[name].as_strategy(generation_mode=mode)


def aimed(case, rows):
    """The same request at a row that is there; a deletion would leave none to the others."""
    if "{key}" in case.path and case.method != "DELETE":
        case.path_parameters = {"key": rows[case.path.split("/")[2]]}
    return case


def can_be_wrong(name):
    """Whether there is anything in a request to this endpoint that could break its description."""
    operation = OPERATIONS[name]
    return bool(list(operation.body) or list(operation.query) or list(operation.path_parameters))


def test_the_document_names_every_endpoint():
    """Or the checks below would pass over one."""
    reads, webhooks = ("overview", "stats", "series", "series.csv", "cost", "shapes"), 1
    assert len(OPERATIONS) == 4 * 9 + len(reads) + webhooks


@each_operation
@pytest.mark.parametrize("mode", [RIGHT, WRONG], ids=["right", "wrong"])
def test_with_credentials_every_answer_is_described(web, bearer, api_token, rows, name, mode):
    """Whatever is sent: what fits the description, and what does not."""
    if mode is WRONG and not can_be_wrong(name):
        return

    statuses = set()

    @given(case=cases(name, mode))
    @FEW
    def ask(case):
        headers = credentials(case.path, bearer, api_token)
        sent = aimed(case, rows) if mode is RIGHT else case
        answer = sent.call(base_url=f"{web.url}", headers=headers)
        statuses.add(answer.status_code)
        case.validate_response(answer, checks=CHECKS)

    ask()
    done = {status for status in statuses if status < 300}
    assert done or mode is WRONG or name in UNLIKELY, statuses
    assert statuses - {401, 429}, statuses


def credentials(path, bearer, api_token):
    """What each door asks for."""
    if path.endswith("/webhooks/supabase"):
        return {"x-canvalo-secret": WEBHOOK}
    if "/optimization/" in path:
        return {"Authorization": f"Bearer {api_token}"}
    return bearer("alice")


@each_operation
@pytest.mark.parametrize("mode", [RIGHT, WRONG], ids=["right", "wrong"])
def test_without_credentials_every_answer_is_a_described_refusal(web, name, mode):
    """401 before anything else is looked at but the address."""
    if mode is WRONG and not can_be_wrong(name):
        return
    right = {401, 404} if mode is WRONG and "{key}" in name else {401}

    @given(case=cases(name, mode))
    @FEW
    def ask(case):
        case.headers = {}
        case.cookies = {}
        answer = case.call(base_url=f"{web.url}", headers={"Authorization": ""})
        assert answer.status_code in right, answer.text
        case.validate_response(answer, checks=CHECKS)

    ask()


LIES = {
    "a status": lambda operation: operation["responses"].pop(200),
    "a kind of body": lambda operation: operation["responses"][200].update(content=CSV),
    "a field": lambda operation: operation["responses"][200]["content"]["application/json"].update(
        schema={"type": "object", "required": ["moon"]}
    ),
}
CSV = {"text/csv": {"schema": {"type": "string"}}}


@pytest.mark.parametrize("lie", LIES)
def test_an_answer_that_is_described_otherwise_is_noticed(web, api_token, lie):
    """The checks above can fail."""
    document = copy.deepcopy(api.get_openapi_schema())
    LIES[lie](document["paths"]["/api/optimization/stats"]["get"])
    operation = schemathesis.openapi.from_dict(document)["/api/optimization/stats"]["GET"]
    headers = credentials("/optimization/", None, api_token)
    answer = operation.Case().call(base_url=web.url, headers=headers)
    assert answer.status_code == 200
    with pytest.raises(failures.FailureGroup):
        operation.Case().validate_response(answer, checks=CHECKS)
