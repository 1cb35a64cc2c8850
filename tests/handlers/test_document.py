"""The API held to its own document: whatever schemathesis makes up, the answer is one that the document announces."""

import json
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings

from handlers import api, document
from tests.handlers.test_api import Caller, call

__all__ = ["call"]

pytestmark = [pytest.mark.embedded, pytest.mark.slow]

SCHEMA = schemathesis.openapi.from_dict(document.whole(api.app))
OPERATIONS = [found.ok() for found in SCHEMA.get_all_operations()]
BOUNDED = settings(
    max_examples=8,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
def test_every_answer_is_one_that_the_document_announces(operation: Any, call: Caller) -> None:
    announced = {int(status) for status in operation.definition.raw["responses"]} | {404}

    @BOUNDED
    @given(case=operation.as_strategy())
    def holds(case: Any) -> None:
        sent = case.as_transport_kwargs(base_url="http://api.example")
        body = sent.get("data") or (json.dumps(sent["json"]).encode() if "json" in sent else None)
        headers = {str(name).replace("-", "_"): str(value) for name, value in (sent.get("headers") or {}).items()}
        kind = {"Content_Type": "application/json"} if "json" in sent else {}
        answer = call(case.method, _target(sent), body, **{**kind, **headers})
        assert answer.status in announced, answer.body
        if answer.status >= 400:
            assert json.loads(answer.body)["detail"]

    holds()


def _target(sent: dict[str, Any]) -> str:
    prepared = requests.Request("GET", sent["url"], params=sent.get("params")).prepare()
    return prepared.path_url
