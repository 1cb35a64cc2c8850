"""The template's policies at work: on an AWS that speaks TLS and holds every call to IAM, the worker plays its role.

What it needs is granted, or nothing would be done; what it does not need is refused.
"""

import ipaddress
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from aws.connect import connect
from aws.intake import LIVE
from jobs import book, catalog, settings
from jobs.source import Source, State
from local.embedded import embedded
from local.endpoint import Credentials, Endpoint
from local.environment import ProcessEnvironment
from local.mapping import EventSourceMapping
from local.stack import Stack, ask_for, attach
from local.template import TEMPLATE
from tests.embedded import as_far_as_known
from tests.imaging.drawing import scene, write

pytestmark = [pytest.mark.embedded, pytest.mark.slow]

ROOT = Credentials("test", "test")
"""Whom the embedded AWS takes for the account itself."""


@dataclass(frozen=True)
class Guarded:
    """The stack as its owner sees it, and the same AWS as the worker's role sees it."""

    stack: Stack
    worker: Endpoint

    def name(self, output: str) -> str:
        return self.stack.outputs[output]


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    directory = tmp_path_factory.mktemp("guarded")
    with _strict(directory, **_tls(directory)) as endpoint:
        stack = _deployed(endpoint, as_far_as_known(directory))
        yield Guarded(stack, replace(endpoint, credentials=_in_the_workers_role(stack)))


def test_a_photo_is_done_and_a_text_is_rejected_with_the_workers_permissions(
    guarded: Guarded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mapping stays the owner's: the embedded AWS wants a permission of its own for each call in batches."""
    stack = guarded.stack
    function = stack.function("Worker")
    for name, value in {**stack.endpoint.variables, **function.variables}.items():
        monkeypatch.setenv(name, value)
    owner = connect(settings.read(function.variables))
    recipes = book.read(TEMPLATE.parent / "recipes")
    catalog.release(owner.catalog, recipes.recipes, recipes.routes)
    photo, text = (Source(guarded.name("Originals"), key) for key in ("photo.jpg", "text.jpg"))
    s3 = stack.endpoint.client("s3")
    s3.put_object(Bucket=photo.bucket, Key=photo.key, Body=write(scene(), "jpeg"))
    s3.put_object(Bucket=text.bucket, Key=text.key, Body=b"Dear worker")
    source, _ = stack.event_sources("Worker")
    log = tmp_path / "worker.log"
    environment = ProcessEnvironment(function, guarded.worker.variables, log)
    with EventSourceMapping(stack.endpoint, replace(source, maximum_concurrency=1), lambda: environment) as mapping:
        assert mapping.drain(within=60), log.read_text()
    states = {source: record.state for source, record in owner.ledger.read_many([photo, text]).items()}
    assert states == {photo: State.DONE, text: State.REJECTED}, log.read_text()


def test_a_missing_original_is_missing_rather_than_forbidden(guarded: Guarded) -> None:
    with pytest.raises(ClientError, match="NoSuchKey"):
        guarded.worker.client("s3").get_object(Bucket=guarded.name("Originals"), Key="never-there.jpg")


REFUSED: dict[str, Callable[[Guarded], Any]] = {
    "writing an original": lambda g: g.worker.client("s3").put_object(Bucket=g.name("Originals"), Key="a", Body=b""),
    "deleting an original": lambda g: g.worker.client("s3").delete_object(Bucket=g.name("Originals"), Key="a"),
    "reading a rendition": lambda g: g.worker.client("s3").get_object(Bucket=g.name("Renditions"), Key="a"),
    "deleting a rendition": lambda g: g.worker.client("s3").delete_object(Bucket=g.name("Renditions"), Key="a"),
    "scanning the ledger": lambda g: g.worker.client("dynamodb").scan(TableName=g.name("Table")),
    "deleting from the ledger": lambda g: g.worker.client("dynamodb").delete_item(
        TableName=g.name("Table"), Key={"pk": {"S": "a"}}
    ),
    "reading the dead letters": lambda g: g.worker.client("sqs").receive_message(QueueUrl=g.name("DeadLettersUrl")),
    "purging its queue": lambda g: g.worker.client("sqs").purge_queue(QueueUrl=g.name("QueueUrl")),
    "publishing to the topic": lambda g: g.worker.client("sns").publish(TopicArn=g.name("Topic"), Message="a"),
    "making a bucket": lambda g: g.worker.client("s3").create_bucket(Bucket="another"),
    "invoking itself": lambda g: g.worker.client("lambda").invoke(FunctionName=g.name("Worker")),
}


@pytest.mark.parametrize("what", REFUSED)
def test_the_worker_is_refused(guarded: Guarded, what: str) -> None:
    with pytest.raises(ClientError, match=r"AccessDenied|AuthorizationError"):
        REFUSED[what](guarded)


def test_the_worker_may_take_from_its_queue_and_look_at_it(guarded: Guarded) -> None:
    """In Lambda its pollers do so in its role."""
    owner, worker = guarded.stack.endpoint.client("sqs"), guarded.worker.client("sqs")
    queue = guarded.name("QueueUrl")
    owner.send_message(QueueUrl=queue, MessageBody="take me")
    (message,) = worker.receive_message(QueueUrl=queue, WaitTimeSeconds=1)["Messages"]
    worker.change_message_visibility(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=60)
    worker.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    worker.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])


def test_the_worker_may_switch_its_intake(guarded: Guarded) -> None:
    client = guarded.worker.client("lambda")
    mappings = client.list_event_source_mappings(FunctionName=f"{guarded.name('Worker')}:{LIVE}")["EventSourceMappings"]
    assert len(mappings) == 2
    for mapping in mappings:
        client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)


WITHOUT_TLS: dict[str, Callable[[Guarded], Any]] = {
    "reading an original": lambda g: _plain(g.worker, "s3").get_object(
        Bucket=g.name("Originals"), Key="never-there.jpg"
    ),
    "writing a rendition": lambda g: _plain(g.worker, "s3").put_object(Bucket=g.name("Renditions"), Key="a", Body=b""),
    "sending to its queue": lambda g: _plain(g.worker, "sqs").send_message(
        QueueUrl=g.name("QueueUrl"), MessageBody="a"
    ),
    "sending a letter": lambda g: _plain(g.worker, "sqs").send_message(
        QueueUrl=g.name("DeadLettersUrl"), MessageBody="a"
    ),
}


@pytest.mark.parametrize("what", WITHOUT_TLS)
def test_what_the_worker_may_do_it_may_not_do_without_tls(guarded: Guarded, what: str) -> None:
    with pytest.raises(ClientError, match="AccessDenied"):
        WITHOUT_TLS[what](guarded)


def _plain(endpoint: Endpoint, name: str) -> Any:
    """A client behind a proxy that says it was reached without TLS."""
    client = endpoint.client(name)
    client.meta.events.register(
        "before-sign", lambda request, **_: request.headers.add_header("X-Forwarded-Proto", "http")
    )
    return client


@contextmanager
def _strict(directory: Path, **more: str) -> Iterator[Endpoint]:
    with embedded(directory, settings={"AUTH": "true", **more}) as endpoint:
        yield replace(endpoint, credentials=ROOT)


def _deployed(endpoint: Endpoint, template: Path) -> Stack:
    """With the functions, for their roles; nothing runs them, and nothing polls for them."""
    cloudformation = endpoint.client("cloudformation")
    ask_for(endpoint, "safelight", {"Polling": "false"}, template)
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName="safelight", WaiterConfig={"Delay": 0.1, "MaxAttempts": 300}
    )
    return attach(endpoint)


def _in_the_workers_role(stack: Stack) -> Credentials:
    """Only Lambda may assume the role; so the account is let in first."""
    iam, role = stack.endpoint.client("iam"), stack.physical["WorkerRole"]
    account = f"arn:aws:iam::{stack.account}:root"
    statement = {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "sts:AssumeRole"}
    trust = {"Version": "2012-10-17", "Statement": [statement]}
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(trust))
    assumed = stack.endpoint.client("sts").assume_role(
        RoleArn=f"arn:aws:iam::{stack.account}:role/{role}", RoleSessionName="worker"
    )["Credentials"]
    return Credentials(assumed["AccessKeyId"], assumed["SecretAccessKey"], assumed["SessionToken"])


def _tls(directory: Path) -> dict[str, str]:
    """A certificate of its own, for an hour."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "embedded AWS")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (directory / "key.pem").write_bytes(private)
    (directory / "certificate.pem").write_bytes(certificate.public_bytes(pem))
    return {
        "USE_SSL": "true",
        "MINISTACK_SSL_CERT": str(directory / "certificate.pem"),
        "MINISTACK_SSL_KEY": str(directory / "key.pem"),
    }
