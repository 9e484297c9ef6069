"""The API of `cxrules serve` against its own description, by schemathesis."""

from typing import Any

import hypothesis
import schemathesis
from schemathesis.specs.openapi.checks import positive_data_acceptance

from cxrules.web.app import create_app
from tests.columns.test_cell_texts import FILES
from tests.web.tables import encode

SCHEMA = schemathesis.openapi.from_asgi("/api/openapi.json", create_app(page=False))
# A JSON schema cannot describe a file's content, so refusing text that is not a table is right.
NOT_DESCRIBED = {"/api/table": [positive_data_acceptance]}


@SCHEMA.hook
def map_body(_context: Any, body: Any) -> Any:
    """Send files where the schema says text: every other table is a file, whole or truncated."""
    if isinstance(body, dict) and isinstance(body.get("base64"), str) and len(body["base64"]) % 2:
        name = sorted(FILES)[len(body["base64"]) % len(FILES)]
        content = FILES[name]
        whole = content if isinstance(content, bytes) else content.encode()
        return body | {"name": name, "base64": encode(whole[: len(whole) - len(body["base64"]) // len(FILES)])}
    return body


@SCHEMA.parametrize()
@hypothesis.settings(max_examples=15, deadline=None, suppress_health_check=list(hypothesis.HealthCheck))
def test_the_api_conforms_to_its_description(case: Any) -> None:
    case.call_and_validate(excluded_checks=NOT_DESCRIBED.get(case.path, []))
