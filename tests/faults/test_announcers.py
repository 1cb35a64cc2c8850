"""The real announcer between a real stream, bus and table, killed where it hurts: nothing is lost, and all is counted
once. The stream hands a batch that gave no answer to the next process."""

import json
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from aws.connect import Aws, connect
from jobs import settings
from jobs.announcement import SOURCE
from jobs.ports import Claimed
from jobs.source import Published, Source, State
from local import stream
from local.endpoint import Endpoint
from local.environment import ProcessEnvironment
from local.stack import Stack, create, remove
from local.stream import StreamMapping
from tests.contracts.test_ledger import MADE, STORED
from tests.embedded import a_name
from tests.faults.mortal_announcer import ANSWERED, AT, DIED
from tests.local.processes import eventually

pytestmark = [pytest.mark.slow, pytest.mark.embedded]

SOURCES = 30
"""Two changes of each: one batch, that the function tells and counts in two parts."""

DEATHS = {"counted": 1, "counted the rest": 3, "answered": 4}
"""Before which of its calls it is killed: it tells, counts, tells the rest, counts the rest, answers."""


@dataclass
class Scene:
    """A deployment of its own, so that its stream holds nothing else, and a queue that hears what its bus is told."""

    stack: Stack
    aws: Aws
    heard_at: str

    def settle(self) -> list[Source]:
        """Sources that were published a moment ago, as the ledger has them."""
        sources = [Source("originals", f"{uuid.uuid4().hex}.jpg") for _ in range(SOURCES)]
        now = round(time.time() * 1000)
        for source in sources:
            claim = self.aws.ledger.claim(source, etag="a", digest="d", revision=1, now=now, until=now + 60_000)
            assert isinstance(claim, Claimed)
            self.aws.ledger.publish(claim.record, Published("a", "d", "e", 1, now, (STORED,), MADE), now=now)
        return sources

    def done(self) -> int:
        """As the counters have it."""
        return self.aws.counters.read().states.get(State.DONE, 0)

    def heard(self) -> list[dict[str, Any]]:
        """Details of events since the last look."""
        sqs, details = self.stack.endpoint.client("sqs"), []
        while found := sqs.receive_message(QueueUrl=self.heard_at, MaxNumberOfMessages=10).get("Messages"):
            for message in found:
                details.append(json.loads(message["Body"])["detail"])
                sqs.delete_message(QueueUrl=self.heard_at, ReceiptHandle=message["ReceiptHandle"])
        return details


@pytest.fixture
def scene(embedded_aws: Endpoint) -> Iterator[Scene]:
    stack = create(embedded_aws, a_name())
    events, sqs, rule = embedded_aws.client("events"), embedded_aws.client("sqs"), a_name()
    url = sqs.create_queue(QueueName=rule)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name=rule, EventPattern=json.dumps({"source": [SOURCE]}))
    events.put_targets(Rule=rule, Targets=[{"Id": "queue", "Arn": arn}])
    with pytest.MonkeyPatch.context() as environment:
        for name, value in {**embedded_aws.variables, **stack.function("Worker").variables}.items():
            environment.setenv(name, value)
        environment.setattr(stream, "PAUSE", 0.05)
        yield Scene(stack, connect(settings.read(stack.function("Worker").variables)), url)
    events.remove_targets(Rule=rule, Ids=["queue"])
    events.delete_rule(Name=rule)
    sqs.delete_queue(QueueUrl=url)
    remove(stack)


@pytest.mark.parametrize("at", DEATHS.values(), ids=[f"before it {call}" for call in DEATHS])
def test_an_announcer_that_is_killed_loses_nothing_and_counts_once(scene: Scene, at: int, tmp_path: Path) -> None:
    sources = scene.settle()
    died, answered = tmp_path / "died", tmp_path / "answered"
    function = replace(scene.stack.function("Announce"), handler="tests.faults.mortal_announcer.handler")
    variables = {**scene.stack.endpoint.variables, AT: str(at), DIED: str(died), ANSWERED: str(answered)}
    environment = ProcessEnvironment(function, variables, tmp_path / "log")
    with StreamMapping(scene.stack.endpoint, scene.stack.outputs["TableStream"], environment):
        assert eventually(lambda: answered.exists() and scene.done() >= SOURCES, within=60)
        assert died.exists()
        time.sleep(0.2)  # what would be counted twice is counted by now
    counted = scene.aws.counters.read()
    assert {state: count for state, count in counted.states.items() if count} == {State.DONE: SOURCES}
    assert (counted.bytes_in, sum(counted.minutes.values())) == (SOURCES * MADE.bytes, SOURCES)
    told = Counter(detail["id"] for detail in scene.heard())
    assert set(told) == {f"{source.id}-1" for source in sources}
    assert max(told.values()) == 2, "told again, by the same id"
