"""Who says what is in an image: the fake, Amazon's adapter on moto, and on answers as Amazon documents them."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.stub import Stubber
from moto import mock_aws

from aws.analyst import REST, RekognitionAnalyst
from jobs.errors import Retryable
from jobs.ports import Analyst
from tests.fakes import Clock, FakeAnalyst

pytestmark = pytest.mark.usefixtures("nobodys_aws")

PICTURE = b"\xff\xd8\xff\xe0 a picture"

MODERATION: dict[str, Any] = {
    "ModerationLabels": [
        {"Confidence": 99.24, "Name": "Weapon Violence", "ParentName": "Graphic Violence", "TaxonomyLevel": 3},
        {"Confidence": 99.24, "Name": "Violence", "ParentName": "", "TaxonomyLevel": 1},
    ],
    "ModerationModelVersion": "7.0",
    "ContentTypes": [{"Confidence": 99.9, "Name": "Illustrated"}],
}
"""https://docs.aws.amazon.com/rekognition/latest/APIReference/API_DetectModerationLabels.html, Response Syntax."""


@pytest.fixture(params=["fake", "moto"])
def analyst(request: pytest.FixtureRequest) -> Iterator[Analyst]:
    if request.param == "fake":
        yield FakeAnalyst()
        return
    with mock_aws():
        yield RekognitionAnalyst(lambda: boto3.client("rekognition"))


def test_labels_are_names_each_with_a_confidence(analyst: Analyst) -> None:
    found = dict(analyst.labels(PICTURE, most=10, confidence=80))
    assert found["Mobile Phone"] > 99
    assert all(80 <= sure <= 100 for sure in found.values())


def stubbed(answer: Callable[[Stubber], None], clock: Callable[[], float] = lambda: 0.0) -> tuple[Analyst, Stubber]:
    client = boto3.client("rekognition")
    stubber = Stubber(client)
    answer(stubber)
    stubber.activate()
    return RekognitionAnalyst(lambda: client, clock), stubber


def test_moderation_is_asked_with_the_bytes_and_answers_names() -> None:
    asked = {"Image": {"Bytes": PICTURE}, "MinConfidence": 60.0}
    analyst, stubber = stubbed(lambda stub: stub.add_response("detect_moderation_labels", MODERATION, asked))
    assert analyst.moderation(PICTURE, confidence=60.0) == [("Weapon Violence", 99.24), ("Violence", 99.24)]
    stubber.assert_no_pending_responses()


def test_most_images_call_for_no_moderation() -> None:
    nothing = {"ModerationLabels": [], "ModerationModelVersion": "7.0"}
    analyst, _ = stubbed(lambda stub: stub.add_response("detect_moderation_labels", nothing))
    assert analyst.moderation(PICTURE, confidence=60.0) == []


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("ThrottlingException", "throttled"),
        ("ProvisionedThroughputExceededException", "throttled"),
        ("AccessDeniedException", "access-denied"),
        ("InvalidImageFormatException", "InvalidImageFormatException"),
    ],
)
def test_a_refusal_says_why(code: str, reason: str) -> None:
    analyst, _ = stubbed(lambda stub: stub.add_client_error("detect_labels", code, http_status_code=400))
    with pytest.raises(Retryable) as failed:
        analyst.labels(PICTURE, most=5, confidence=80)
    assert failed.value.reason == reason


def test_after_a_failure_it_rests_so_that_not_every_image_waits() -> None:
    class Unreachable:
        asked = 0

        def detect_labels(self, **_: Any) -> Any:
            self.asked += 1
            raise EndpointConnectionError(endpoint_url="https://rekognition")

    client, clock = Unreachable(), Clock()
    analyst = RekognitionAnalyst(lambda: client, clock)
    reasons = []
    for pause in (0, 1, REST):
        clock.now += pause
        with pytest.raises(Retryable) as failed:
            analyst.labels(PICTURE, most=5, confidence=80)
        reasons.append(failed.value.reason)
    assert (reasons, client.asked) == (["unreachable", "resting", "unreachable"], 2)


@pytest.mark.parametrize("code", ["InvalidImageFormatException", "ImageTooLargeException"])
def test_an_image_that_rekognition_cannot_read_costs_its_neighbours_nothing(code: str) -> None:
    def answers(stub: Stubber) -> None:
        stub.add_client_error("detect_labels", code, http_status_code=400)
        stub.add_response("detect_labels", {"Labels": [{"Name": "Town", "Confidence": 99.0}]})

    analyst, _ = stubbed(answers)
    with pytest.raises(Retryable, match=code):
        analyst.labels(PICTURE, most=5, confidence=80)
    assert analyst.labels(PICTURE, most=5, confidence=80) == [("Town", 99.0)]


def test_an_answer_that_never_ends_is_not_waited_for() -> None:
    class Endless:
        ended = threading.Event()

        def detect_labels(self, **_: Any) -> Any:
            self.ended.wait(30)

    client = Endless()
    began = time.monotonic()
    with pytest.raises(Retryable) as failed:
        RekognitionAnalyst(lambda: client, within=0.1).labels(PICTURE, most=5, confidence=80)
    client.ended.set()
    assert failed.value.reason == "unreachable"
    assert time.monotonic() - began < 10
