"""The worlds that every port must behave the same in: fakes, moto in this process, the embedded AWS, LocalStack.

moto is left out of races: its conditional writes are not atomic (two winners in a seventh of the races tried).
"""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from moto import mock_aws

from aws.connect import Aws, connect
from jobs import settings
from jobs.breaker import Outage
from jobs.ports import Attic, CatalogStore, DeadLetters, Ledger, Originals, Place, Queue, Renditions
from jobs.runs import Runs
from jobs.source import Source
from tests.fakes import (
    FakeAttic,
    FakeCatalogStore,
    FakeDeadLetters,
    FakeLedger,
    FakeOriginals,
    FakeOutage,
    FakePlace,
    FakeQueue,
    FakeRenditions,
    FakeRuns,
)

ORIGINALS, RENDITIONS = "originals", "renditions"


@dataclass
class Ground:
    """A world to stand on: its ports, and the other side of them."""

    originals: Originals
    renditions: Renditions
    attic: Attic
    ledger: Ledger
    catalog: CatalogStore
    queue: Queue
    dead_letters: DeadLetters
    outage: Outage
    runs: Runs
    place: Place
    bucket: str
    other_side: Any

    def upload(self, source: Source, body: bytes) -> None:
        self.other_side.upload(source, body)

    def letters(self) -> list[tuple[str, dict[str, str]]]:
        """Bodies and attributes of what lies in the dead-letter queue; takes them out."""
        return self.other_side.letters()  # type: ignore[no-any-return]

    def messages(self) -> list[str]:
        """Bodies of what is visible in the queue; takes them out."""
        return self.other_side.messages()  # type: ignore[no-any-return]

    def purge(self) -> None:
        """Takes everything out of the queue and the dead letters, what is delayed or in flight too."""
        self.other_side.purge()


@dataclass
class FakeSide:
    originals: FakeOriginals
    queue: FakeQueue
    dead_letters: FakeDeadLetters

    def upload(self, source: Source, body: bytes) -> None:
        self.originals.put(source, body)

    def letters(self) -> list[tuple[str, dict[str, str]]]:
        letters = self.dead_letters.letters
        self.dead_letters.sqs.messages.clear()
        return [(letter.body, _without_empty(reason=letter.reason, detail=letter.detail)) for letter in letters]

    def purge(self) -> None:
        self.queue.sqs.messages.clear()
        self.dead_letters.sqs.messages.clear()

    def messages(self) -> list[str]:
        received = self.queue.sqs.receive(1000)
        for message in received:
            self.queue.sqs.delete(message.receipt)
        return [message.body for message in received]


@dataclass
class AwsSide:
    s3: Any
    sqs: Any
    queue_url: str
    dead_letters_url: str

    def upload(self, source: Source, body: bytes) -> None:
        self.s3.put_object(Bucket=source.bucket, Key=source.key, Body=body)

    def letters(self) -> list[tuple[str, dict[str, str]]]:
        return [
            (
                message["Body"],
                {name: value["StringValue"] for name, value in message.get("MessageAttributes", {}).items()},
            )
            for message in self._drain(self.dead_letters_url)
        ]

    def messages(self) -> list[str]:
        return [message["Body"] for message in self._drain(self.queue_url)]

    def purge(self) -> None:
        for url in (self.queue_url, self.dead_letters_url):
            self.sqs.purge_queue(QueueUrl=url)

    def _drain(self, url: str) -> Iterator[dict[str, Any]]:
        while messages := self.sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"], WaitTimeSeconds=0
        ).get("Messages"):
            for message in messages:
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                yield message


def _without_empty(**values: str) -> dict[str, str]:
    return {name: value for name, value in values.items() if value}


def _on_fakes() -> Ground:
    originals, queue, dead_letters = FakeOriginals(), FakeQueue(), FakeDeadLetters()
    renditions = FakeRenditions()
    return Ground(
        originals=originals,
        renditions=renditions,
        attic=FakeAttic(renditions),
        ledger=FakeLedger(),
        catalog=FakeCatalogStore(),
        queue=queue,
        dead_letters=dead_letters,
        outage=FakeOutage(),
        runs=FakeRuns(),
        place=FakePlace(),
        bucket=ORIGINALS,
        other_side=FakeSide(originals, queue, dead_letters),
    )


def _on_aws(aws: Aws, environment: dict[str, str]) -> Ground:
    queue_url, dead_letters_url = environment["SAFELIGHT_QUEUE_URL"], environment["SAFELIGHT_DEAD_LETTERS_URL"]
    return Ground(
        originals=aws.originals,
        renditions=aws.renditions,
        attic=aws.attic,
        ledger=aws.ledger,
        catalog=aws.catalog,
        queue=aws.queue,
        dead_letters=aws.dead_letters,
        outage=aws.outage,
        runs=aws.runs,
        place=aws.place,
        bucket=environment["SAFELIGHT_ORIGINALS"],
        other_side=AwsSide(boto3.client("s3"), boto3.client("sqs"), queue_url, dead_letters_url),
    )


@pytest.fixture
def on_moto(nobodys_aws: None) -> Iterator[Ground]:
    with mock_aws():
        s3, sqs, dynamo = boto3.client("s3"), boto3.client("sqs"), boto3.client("dynamodb")
        for bucket in (ORIGINALS, RENDITIONS):
            s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
            s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        dynamo.create_table(
            TableName="ledger",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "x", "AttributeType": "S"},
                {"AttributeName": "y", "AttributeType": "S"},
            ],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            GlobalSecondaryIndexes=[
                {
                    "IndexName": "by-fault",
                    "KeySchema": [
                        {"AttributeName": "x", "KeyType": "HASH"},
                        {"AttributeName": "y", "KeyType": "RANGE"},
                    ],
                    "Projection": {"ProjectionType": "KEYS_ONLY"},
                }
            ],
        )
        environment = {
            "SAFELIGHT_ORIGINALS": ORIGINALS,
            "SAFELIGHT_RENDITIONS": RENDITIONS,
            "SAFELIGHT_TABLE": "ledger",
            "SAFELIGHT_QUEUE_URL": sqs.create_queue(QueueName="fresh")["QueueUrl"],
            "SAFELIGHT_DEAD_LETTERS_URL": sqs.create_queue(QueueName="dead")["QueueUrl"],
            "SAFELIGHT_MAX_RECEIVES": "6",
        }
        yield _on_aws(connect(settings.read(environment)), environment)


ON_LOCALSTACK = pytest.param("localstack", marks=[pytest.mark.compose, pytest.mark.slow])


@pytest.fixture(params=["fakes", "moto", pytest.param("embedded", marks=pytest.mark.embedded), ON_LOCALSTACK])
def ground(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Ground:
    """One test, four worlds."""
    if request.param == "fakes":
        return _on_fakes()
    if request.param == "moto":
        return request.getfixturevalue("on_moto")  # type: ignore[no-any-return]
    environment: dict[str, str] = request.getfixturevalue(f"{request.param}_stack")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return _on_aws(connect(settings.read(environment)), environment)


@pytest.fixture
def ledger(ground: Ground) -> Ledger:
    return ground.ledger


@pytest.fixture
def unique() -> str:
    """A prefix for keys that no other test uses: the embedded AWS is shared."""
    return uuid.uuid4().hex
