"""Lambda's own API on loopback, as boto3 sees it."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from local.endpoint import Endpoint
from local.lambda_api import PATH, LambdaApi
from local.mapping import EventSourceMapping
from local.stack import EventSource, Function

ARN = "arn:aws:lambda:us-east-1:000000000000:function:safelight-worker"
WORKER = Function("safelight-worker", ARN, "handlers.worker.handler", 3538, 120, {})
SOURCE = EventSource(
    "http://127.0.0.1:9/queue", "arn:queue", 10, 2, 5, partial=True, max_receives=6, dead_letters_url=""
)


@dataclass
class Asked:
    """The API, and boto3's client of it."""

    api: LambdaApi
    client: Any
    endpoint: Endpoint

    def serve(self, function: Function = WORKER) -> str:
        return self.api.serve(function, EventSourceMapping(self.endpoint, SOURCE, _nobody))

    def uuids(self, **query: Any) -> list[str]:
        pages = self.client.get_paginator("list_event_source_mappings").paginate(**query)
        return [mapping["UUID"] for page in pages for mapping in page["EventSourceMappings"]]


@pytest.fixture
def asked() -> Iterator[Asked]:
    with LambdaApi() as api:
        endpoint = Endpoint("http://127.0.0.1:9", lambda_url=api.url)
        yield Asked(api, endpoint.client("lambda"), endpoint)


def test_a_mapping_is_described_as_lambda_does(asked: Asked) -> None:
    uuid = asked.serve()
    (mapping,) = asked.client.list_event_source_mappings(FunctionName="safelight-worker")["EventSourceMappings"]
    assert mapping.pop("LastModified").year >= 2026
    assert mapping == {
        "UUID": uuid,
        "EventSourceMappingArn": f"arn:aws:lambda:us-east-1:000000000000:event-source-mapping:{uuid}",
        "EventSourceArn": "arn:queue",
        "FunctionArn": ARN,
        "BatchSize": 10,
        "MaximumBatchingWindowInSeconds": 2,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "ScalingConfig": {"MaximumConcurrency": 5},
        "State": "Enabled",
        "StateTransitionReason": "USER_INITIATED",
    }


@pytest.mark.parametrize(
    "name", ["safelight-worker", ARN, "000000000000:function:safelight-worker", "function:safelight-worker"]
)
def test_a_function_goes_by_all_of_its_names(asked: Asked, name: str) -> None:
    uuid = asked.serve()
    asked.serve(replace(WORKER, name="other-safelight-worker", arn=f"{ARN.removesuffix(WORKER.name)}other"))
    assert asked.uuids(FunctionName=name) == [uuid]


def test_without_a_name_all_are_listed_page_by_page(asked: Asked) -> None:
    served = [asked.serve() for _ in range(5)]
    assert asked.uuids(PaginationConfig={"PageSize": 2}) == served
    assert len(asked.client.list_event_source_mappings(MaxItems=2)["EventSourceMappings"]) == 2


def test_an_update_answers_on_the_way(asked: Asked) -> None:
    uuid = asked.serve()
    answer = asked.client.update_event_source_mapping(UUID=uuid, Enabled=False)
    assert (answer["State"], answer["ResponseMetadata"]["HTTPStatusCode"]) == ("Disabling", 202)


def test_an_update_to_what_it_is_changes_nothing(asked: Asked) -> None:
    uuid = asked.serve()
    assert asked.client.update_event_source_mapping(UUID=uuid, Enabled=True)["State"] == "Enabled"


def test_an_update_during_another_is_refused(asked: Asked) -> None:
    """Its slots were never started, so this one never arrives."""
    uuid = asked.serve()
    asked.client.update_event_source_mapping(UUID=uuid, Enabled=False)
    assert _code(asked.client.update_event_source_mapping, UUID=uuid, Enabled=True) == ("ResourceInUseException", 400)


def test_what_is_not_there_is_not_found(asked: Asked) -> None:
    missing = ("ResourceNotFoundException", 404)
    assert _code(asked.client.update_event_source_mapping, UUID=str(uuid4()), Enabled=True) == missing
    assert _code(asked.client.list_event_source_mappings, FunctionName="none") == missing


def test_what_it_does_not_do_it_refuses(asked: Asked) -> None:
    uuid = asked.serve()
    update = asked.client.update_event_source_mapping
    assert _code(update, UUID=uuid, Enabled=True, BatchSize=3) == ("InvalidParameterValueException", 400)
    assert _code(update, UUID=uuid) == ("InvalidParameterValueException", 400)
    assert _code(asked.client.get_function, FunctionName=WORKER.name) == ("UnknownOperationException", 404)
    assert _code(asked.client.list_event_source_mappings, Marker="x") == ("InvalidParameterValueException", 400)


@pytest.mark.parametrize("body", [b"", b"{", b"\xff"])
def test_a_body_that_is_no_json_is_refused(asked: Asked, body: bytes) -> None:
    request = urllib.request.Request(f"{asked.api.url}{PATH}/{asked.serve()}", data=body, method="PUT")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)
    assert (refused.value.code, refused.value.headers["x-amzn-ErrorType"]) == (400, "SerializationException")
    assert json.load(refused.value)["Type"] == "User"


def _code(call: Callable[..., Any], **arguments: Any) -> tuple[str, int]:
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    response: Any = refused.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


def _nobody() -> Any:
    return None
