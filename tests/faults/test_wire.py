"""Every request to AWS, answered in every way that goes wrong: what the adapters make of it breaks no promise."""

from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from tests.faults.deployment import Stack
from tests.faults.summary import Prove
from tests.faults.wire import NOT_REQUESTS, Wire, wire_faults


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    return Wire(monkeypatch)


@pytest.fixture
def stack(nobodys_aws: None, monkeypatch: pytest.MonkeyPatch, wire: Wire) -> Iterator[Stack]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        for bucket in ("originals", "renditions"):
            boto3.client("s3").create_bucket(Bucket=bucket)
        boto3.client("dynamodb").create_table(
            TableName="ledger",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        )
        variables = {
            "SAFELIGHT_ORIGINALS": "originals",
            "SAFELIGHT_RENDITIONS": "renditions",
            "SAFELIGHT_TABLE": "ledger",
            "SAFELIGHT_QUEUE_URL": boto3.client("sqs").create_queue(QueueName="fresh-queue")["QueueUrl"],
            "SAFELIGHT_DEAD_LETTERS_URL": boto3.client("sqs").create_queue(QueueName="dead-queue")["QueueUrl"],
            "SAFELIGHT_MAX_RECEIVES": "6",
        }
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        yield Stack(variables)


@pytest.mark.slow
@pytest.mark.parametrize("scene", NOT_REQUESTS)
def test_a_request_that_goes_wrong_breaks_no_promise(scene: str, stack: Stack, wire: Wire, prove: Prove) -> None:
    prove("every request to AWS x fault", wire_faults(scene, stack, wire))
