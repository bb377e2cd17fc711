"""The whole OpenAPI document, asked at random: no fault, no answer that it does not describe."""

import pytest
from hypothesis import HealthCheck, given, settings

from canvalo.api import api
from tests.security.conftest import WEBHOOK, manage

pytestmark = pytest.mark.slow
schemathesis = pytest.importorskip("schemathesis")
checks = pytest.importorskip("schemathesis.checks")
conformance = pytest.importorskip("schemathesis.specs.openapi.checks")

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
each_operation = pytest.mark.parametrize("name", OPERATIONS)


@pytest.fixture(scope="session")
def api_token(migrated):
    """One that may read the statistics."""
    return manage("apitoken", "schema-check").splitlines()[-1]


def cases(name, mode):
    """Random requests to an endpoint that fit its description, or break it in one place."""
    return OPERATIONS[name].as_strategy(generation_mode=mode)


def can_be_wrong(name):
    """Whether there is anything in a request to this endpoint that could break its description."""
    operation = OPERATIONS[name]
    return bool(list(operation.body) or list(operation.query) or list(operation.path_parameters))


def test_the_document_names_every_endpoint():
    """Or the checks below would pass over one."""
    assert len(OPERATIONS) >= 4 * 9 + 3


@each_operation
@pytest.mark.parametrize("mode", [RIGHT, WRONG], ids=["right", "wrong"])
def test_with_credentials_every_answer_is_described(web, bearer, api_token, name, mode):
    """Whatever is sent: what fits the description, and what does not."""
    if mode is WRONG and not can_be_wrong(name):
        return

    @given(case=cases(name, mode))
    @FEW
    def ask(case):
        headers = credentials(case.path, bearer, api_token)
        answer = case.call(base_url=f"{web.url}", headers=headers)
        case.validate_response(answer, checks=CHECKS)

    ask()


def credentials(path, bearer, api_token):
    """What each door asks for."""
    if path.endswith("/webhooks/supabase"):
        return {"x-canvalo-secret": WEBHOOK}
    if "/optimization/" in path:
        return {"Authorization": f"Bearer {api_token}"}
    return bearer("alice")


@each_operation
def test_without_credentials_every_answer_is_a_described_refusal(web, name):
    """401 before anything else is looked at."""

    @given(case=cases(name, RIGHT))
    @FEW
    def ask(case):
        case.headers = {}
        case.cookies = {}
        answer = case.call(base_url=f"{web.url}", headers={"Authorization": ""})
        assert answer.status_code == 401, answer.text
        case.validate_response(answer, checks=CHECKS)

    ask()
