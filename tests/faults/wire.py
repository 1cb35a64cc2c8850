"""Faults on the wire to AWS: every request of the real adapters, answered in every way that goes wrong.

moto answers the requests; between it and botocore stands this, and decides what becomes of one of them.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError
from moto.core.botocore_stubber import BotocoreStubber, MockRawResponse

from aws import connect
from jobs.events import ABSENT, Asked
from tests.faults.deployment import LEASE_OVER, Deployment, Stack, as_message
from tests.faults.kills import SCENES
from tests.faults.mortal import work

NOT_REQUESTS = {
    "a first upload": 2,
    "a first upload that is no image": 2,
    "deleted": 0,
    "a new recipe": 2,
}
"""By scene, calls that ask AWS nothing: the pixels, and the rest of a body that came with its headers."""

ONE_TRY = Config(retries={"mode": "standard", "total_max_attempts": 1})
"""So that one fault is one failed call: the client's own tries again would hide it."""

Answer = Callable[[], AWSResponse]
Fault = Callable[[AWSPreparedRequest, Answer], AWSResponse]


def _error(status: int, s3: str, dynamo: str, sqs: str) -> Fault:
    """An error as each service spells it; nothing was applied."""

    def fault(request: AWSPreparedRequest, _: Answer) -> AWSResponse:
        if "dynamodb" in request.url:
            return _response(request, status, f'{{"__type": "com.amazonaws.dynamodb.v20120810#{dynamo}"}}')
        if "sqs" in request.url or "queue" in request.url:
            return _response(request, status, f'{{"__type": "com.amazonaws.sqs#{sqs}", "message": "{sqs}"}}')
        return _response(request, status, f"<Error><Code>{s3}</Code><Message>{s3}</Message></Error>")

    return fault


def _response(request: AWSPreparedRequest, status: int, body: str) -> AWSResponse:
    headers = {"content-type": "application/xml" if body.startswith("<") else "application/x-amz-json-1.0"}
    return AWSResponse(request.url, status, headers, MockRawResponse(body))  # type: ignore[arg-type]


def _reset(request: AWSPreparedRequest, _: Answer) -> AWSResponse:
    raise ConnectionClosedError(endpoint_url=request.url)


def _slow(request: AWSPreparedRequest, _: Answer) -> AWSResponse:
    raise ReadTimeoutError(endpoint_url=request.url)


def _lost(request: AWSPreparedRequest, answer: Answer) -> AWSResponse:
    answer()
    raise ReadTimeoutError(endpoint_url=request.url)


def _cut(request: AWSPreparedRequest, answer: Answer) -> AWSResponse:
    """Half of the body that the header promised; what botocore does not stream it finds out about by itself."""
    whole = answer()
    if not request.stream_output:
        raise ConnectionClosedError(endpoint_url=request.url)
    body = whole.raw.read()
    headers = {**whole.headers, "content-length": str(len(body))}
    return AWSResponse(request.url, whole.status_code, headers, MockRawResponse(body[: len(body) // 2]))  # type: ignore[arg-type]


FAULTS: Mapping[str, Fault] = {
    "500": _error(500, "InternalError", "InternalServerError", "InternalFailure"),
    "throttled": _error(503, "SlowDown", "ProvisionedThroughputExceededException", "RequestThrottled"),
    "403": _error(403, "AccessDenied", "AccessDeniedException", "AccessDenied"),
    "reset": _reset,
    "slow": _slow,
    "body cut short": _cut,
    "timed out after it was applied": _lost,
}


class Wire:
    """Counts the requests while a fault is laid, and answers one of them with it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._fault: Fault | None = None
        self._at = self.requests = 0
        monkeypatch.setattr(connect, "CONFIG", connect.CONFIG.merge(ONE_TRY))
        monkeypatch.setattr(connect, "S3_CONFIG", connect.S3_CONFIG.merge(ONE_TRY))
        original = BotocoreStubber.__call__

        def passes(stubber: BotocoreStubber, event_name: str, request: AWSPreparedRequest, **more: Any) -> Any:
            return self._pass(request, lambda: original(stubber, event_name, request, **more))  # type: ignore[arg-type,return-value]

        monkeypatch.setattr(BotocoreStubber, "__call__", passes)

    @contextmanager
    def fault(self, fault: Fault, at: int) -> Iterator[None]:
        self._fault, self._at, self.requests = fault, at, 0
        try:
            yield
        finally:
            self._fault = None

    def _pass(self, request: AWSPreparedRequest, answer: Answer) -> AWSResponse:
        if self._fault is None:
            return answer()
        self.requests += 1
        return self._fault(request, answer) if self.requests - 1 == self._at else answer()


class Eventless(Deployment):
    """moto's S3 tells nobody of a put, so this does."""

    events_take = 0.0

    def put(self, body: bytes) -> None:
        etag = self.s3.put_object(Bucket=self.source.bucket, Key=self.source.key, Body=body)["ETag"].strip('"')
        self.aws.queue.send(Asked(self.source, etag))

    def delete(self) -> None:
        super().delete()
        self.aws.queue.send(Asked(self.source, ABSENT))


@dataclass(frozen=True)
class WireFault:
    """One request of one scene."""

    scene: str
    at: int
    fault: str
    stack: Stack
    wire: Wire

    def __repr__(self) -> str:
        return f"{self.fault} at request {self.at} of {self.scene!r}"

    def run(self) -> list[str]:
        """The violations."""
        deployment = Eventless(self.stack)
        SCENES[self.scene][0](deployment)
        message = deployment.receive()
        assert message
        with self.wire.fault(FAULTS[self.fault], self.at):
            verdict = work(as_message(message), deployment.aws)
        deployment.answer(message, verdict)
        deployment.drain(skew=LEASE_OVER)
        return deployment.violations()


def wire_faults(scene: str, stack: Stack, wire: Wire) -> Iterator[WireFault]:
    """Every request x fault."""
    for at in range(SCENES[scene][1] - NOT_REQUESTS[scene]):
        for fault in FAULTS:
            yield WireFault(scene, at, fault, stack, wire)
