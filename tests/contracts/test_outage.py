"""What the note of an outage promises, and the switch of the intake."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import boto3
import pytest

from aws.intake import LambdaIntake
from jobs.breaker import Intake
from jobs.errors import Retryable
from local.endpoint import Endpoint
from local.environment import InvocationFailed
from local.lambda_api import LambdaApi
from local.mapping import EventSourceMapping, State
from local.stack import EventSource, Function
from tests.contracts.conftest import Ground
from tests.fakes import FakeIntake
from tests.local.processes import eventually


class TestOutage:
    def test_there_is_none_until_it_is_declared(self, ground: Ground) -> None:
        ground.outage.over()
        assert ground.outage.declared() == ""
        ground.outage.declare("throttled", now=1)
        assert ground.outage.declared() == "throttled"
        ground.outage.over()

    def test_what_was_noted_first_stays(self, ground: Ground) -> None:
        ground.outage.declare("throttled", now=1)
        ground.outage.declare("unreachable", now=2)
        assert ground.outage.declared() == "throttled"
        ground.outage.over()

    def test_whether_the_intake_was_stopped_is_remembered_until_it_is_over(self, ground: Ground) -> None:
        ground.outage.over()
        ground.outage.declare("throttled", now=1)
        assert not ground.outage.stopped()
        ground.outage.declare("throttled", now=2, stopped=True)
        ground.outage.declare("throttled", now=3)
        assert ground.outage.stopped()
        ground.outage.over()
        assert not ground.outage.stopped()

    def test_once_over_it_can_be_declared_again(self, ground: Ground) -> None:
        ground.outage.declare("throttled", now=1)
        ground.outage.over()
        ground.outage.over()
        assert ground.outage.declared() == ""
        ground.outage.declare("unreachable", now=2)
        assert ground.outage.declared() == "unreachable"
        ground.outage.over()

    def test_an_intake_is_held_until_it_is_released_whatever_becomes_of_the_outage(self, ground: Ground) -> None:
        ground.outage.release()
        assert not ground.outage.held()
        ground.outage.declare("throttled", now=1, stopped=True)
        ground.outage.hold()
        ground.outage.hold()
        ground.outage.over()
        assert (ground.outage.held(), ground.outage.declared(), ground.outage.stopped()) == (True, "", False)
        ground.outage.release()
        assert not ground.outage.held()

    def test_the_note_is_no_source(self, ground: Ground) -> None:
        """Whoever reads the whole ledger does not stumble over it."""
        ground.outage.declare("throttled", now=1)
        ground.outage.hold()
        try:
            page = ground.ledger.scan()
            while page.next:
                page = ground.ledger.scan(page.next)
        finally:
            ground.outage.over()
            ground.outage.release()


@dataclass
class Switch:
    """An intake, and a look at what it switches."""

    intake: Intake
    is_running: Callable[[], bool]
    is_stopped: Callable[[], bool]


class Idle:
    """An environment that nobody should ask."""

    def ready(self) -> bool:
        return True

    def rest(self) -> None:
        pass

    def invoke(self, event: object) -> object:
        raise InvocationFailed("the queue was to be empty")

    def close(self) -> None:
        pass


@dataclass
class Laptop:
    """A function whose two mappings are known to Lambda's API on loopback."""

    endpoint: Endpoint
    function: Function
    mappings: list[EventSourceMapping]

    def intake(self, function: str = "") -> LambdaIntake:
        return LambdaIntake(lambda: self.endpoint.client("lambda"), function or self.function.name)

    def all_are(self, state: State) -> bool:
        return all(mapping.state is state for mapping in self.mappings)


@pytest.fixture
def laptop(embedded_aws: Endpoint, make_queue: Callable[..., str]) -> Iterator[Laptop]:
    name = "safelight-worker"
    function = Function(name, f"arn:aws:lambda:us-east-1:0:function:{name}", "", 1769, 30, {}, alias="live")
    source = EventSource(make_queue(), "arn", 10, 0, 2, partial=True, max_receives=6, dead_letters_url="")
    with LambdaApi() as api:
        endpoint = replace(embedded_aws, lambda_url=api.url)
        mappings = [EventSourceMapping(endpoint, source, Idle) for _ in range(2)]
        for mapping in mappings:
            api.serve(function, mapping)
        with mappings[0], mappings[1]:
            yield Laptop(endpoint, function, mappings)


@pytest.fixture(params=["fakes", pytest.param("lambda's API", marks=pytest.mark.embedded)])
def switch(request: pytest.FixtureRequest) -> Switch:
    """One test, two worlds; moto would have to build the function's image."""
    if request.param == "fakes":
        fake = FakeIntake()
        return Switch(fake, lambda: fake.running, lambda: not fake.running)
    laptop: Laptop = request.getfixturevalue("laptop")
    return Switch(laptop.intake(), lambda: laptop.all_are(State.ENABLED), lambda: laptop.all_are(State.DISABLED))


class TestIntake:
    def test_it_stops_and_starts(self, switch: Switch) -> None:
        assert switch.is_running()
        switch.intake.stop()
        assert eventually(switch.is_stopped)
        switch.intake.start()
        assert eventually(switch.is_running)

    def test_to_stop_and_to_start_twice_is_once(self, switch: Switch) -> None:
        """Several workers find out about an outage, and a probe may crash halfway."""
        switch.intake.start()
        assert switch.is_running()
        switch.intake.stop()
        assert eventually(switch.is_stopped)
        switch.intake.stop()
        assert switch.is_stopped()


@pytest.mark.embedded
class TestLambdaIntake:
    def test_a_mapping_on_its_way_is_retryable(self, laptop: Laptop) -> None:
        laptop.mappings[0].pause()
        with pytest.raises(Retryable, match="ResourceInUseException"):
            laptop.intake().start()
        assert eventually(lambda: laptop.mappings[0].state is State.DISABLED)
        laptop.intake().start()
        assert eventually(lambda: laptop.all_are(State.ENABLED))

    def test_a_function_that_is_not_there_is_told(self, laptop: Laptop) -> None:
        with pytest.raises(Retryable, match="ResourceNotFoundException"):
            laptop.intake("somebody-else's").stop()

    def test_an_api_that_does_not_answer_is_retryable(self, laptop: Laptop) -> None:
        laptop.endpoint = replace(laptop.endpoint, lambda_url="http://127.0.0.1:9")
        with pytest.raises(Retryable, match="unreachable"):
            laptop.intake().stop()

    def test_a_program_finds_it_by_its_environment(self, laptop: Laptop, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, value in laptop.endpoint.variables.items():
            monkeypatch.setenv(name, value)
        LambdaIntake(lambda: boto3.client("lambda"), laptop.function.name).stop()
        assert eventually(lambda: laptop.all_are(State.DISABLED))
