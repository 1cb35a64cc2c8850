"""A table's stream on the embedded AWS, played to a function that remembers what it was handed."""

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from local import stream
from local.endpoint import Endpoint
from local.environment import InvocationFailed
from local.stream import BATCH, StreamMapping
from tests.embedded import a_name
from tests.local.processes import eventually

pytestmark = pytest.mark.embedded

PAGE = 1000
"""Records that one look at a stream brings, at most."""

Answers = Callable[[list[int]], Any]


@dataclass
class Function:
    """Remembers the numbers of every batch, answers as told, and sees whether it was ready and has rested."""

    answers: Answers = lambda numbers: None
    batches: list[list[int]] = field(default_factory=list)
    records: list[Any] = field(default_factory=list)
    rests: int = 0
    awake: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.awake.set()

    def ready(self) -> bool:
        return self.awake.is_set()

    def rest(self) -> None:
        self.rests += 1

    def invoke(self, event: Mapping[str, Any]) -> Any:
        assert self.awake.is_set(), "it was not ready"
        numbers = [int(record["dynamodb"]["Keys"]["pk"]["S"]) for record in event["Records"]]
        self.batches.append(numbers)
        self.records += event["Records"]
        return self.answers(numbers)

    def close(self) -> None:
        pass

    @property
    def handed(self) -> list[int]:
        """In their order, those that were handed over again as often as they were."""
        return [number for batch in self.batches for number in batch]


@dataclass
class Table:
    name: str
    arn: str
    endpoint: Endpoint

    def write(self, numbers: range, **attributes: Any) -> None:
        dynamo, items = self.endpoint.client("dynamodb"), [{"pk": {"S": str(each)}, **attributes} for each in numbers]
        for start in range(0, len(items), 25):
            puts = [{"PutRequest": {"Item": item}} for item in items[start : start + 25]]
            dynamo.batch_write_item(RequestItems={self.name: puts})

    def played_to(self, function: Function) -> StreamMapping:
        return StreamMapping(self.endpoint, self.arn, function)


STATE = {"S": "done"}


@pytest.fixture
def table(embedded_aws: Endpoint, monkeypatch: pytest.MonkeyPatch) -> Iterator[Table]:
    monkeypatch.setattr(stream, "PAUSE", 0.01)
    dynamo, name = embedded_aws.client("dynamodb"), a_name()
    made = dynamo.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )["TableDescription"]
    yield Table(name, made["LatestStreamArn"], embedded_aws)
    dynamo.delete_table(TableName=name)


def test_records_come_in_their_order_from_the_first_on(table: Table) -> None:
    table.write(range(2), st=STATE, b={"B": b"\x00\xff"}, l={"L": [{"B": b"in a list"}]})
    function = Function()
    with table.played_to(function):
        assert eventually(lambda: function.handed == [0, 1])
        table.write(range(2, 4), st=STATE)
        assert eventually(lambda: function.handed == [0, 1, 2, 3])
    first = function.records[0]
    assert first["dynamodb"]["NewImage"]["b"] == {"B": "AP8="}, "bytes are base64, as Lambda has them"
    assert first["dynamodb"]["NewImage"]["l"] == {"L": [{"B": "aW4gYSBsaXN0"}]}
    assert isinstance(first["dynamodb"]["ApproximateCreationDateTime"], float | int)
    assert function.rests == len(function.batches)


def test_what_failed_comes_back_from_that_record_on_and_before_anything_newer(table: Table) -> None:
    failures = iter([3, 3, 5])

    def answers(numbers: list[int]) -> Any:
        failed = next(failures, None)
        return {"batchItemFailures": [{"itemIdentifier": sequence[failed]}]} if failed is not None else None

    table.write(range(8), st=STATE)
    function = Function(answers)
    sequence = Sequences(table, 8)
    with table.played_to(function):
        assert eventually(lambda: function.handed[-1:] == [7] and len(function.batches) == 4)
        table.write(range(8, 10), st=STATE)
        assert eventually(lambda: function.handed[-1:] == [9])
    assert function.batches[:4] == [[*range(8)], [*range(3, 8)], [*range(3, 8)], [*range(5, 8)]]
    assert sorted(set(function.handed)) == [*range(10)]


class Sequences(dict[int, str]):
    """The stream's own number of each of the first records."""

    def __init__(self, table: Table, count: int) -> None:
        seen = Function()
        with table.played_to(seen):
            assert eventually(lambda: len(seen.records) >= count)
        super().__init__(zip(seen.handed, (each["dynamodb"]["SequenceNumber"] for each in seen.records), strict=True))


def test_the_first_of_several_failures_says_from_where(table: Table) -> None:
    table.write(range(6), st=STATE)
    sequence = Sequences(table, 6)
    answers = iter([{"batchItemFailures": [{"itemIdentifier": sequence[each]} for each in (4, 2, 5)]}])
    function = Function(lambda _: next(answers, None))
    with table.played_to(function):
        assert eventually(lambda: len(function.batches) == 2)
    assert function.batches[1] == [2, 3, 4, 5]


def test_a_batch_that_gave_no_answer_comes_back_whole(table: Table) -> None:
    deaths = iter([True, True, False])

    def answers(_: list[int]) -> None:
        if next(deaths):
            raise InvocationFailed("as ordered")

    table.write(range(3), st=STATE)
    function = Function(answers)
    with table.played_to(function):
        assert eventually(lambda: len(function.batches) == 3)
    assert function.batches == [[0, 1, 2]] * 3
    assert function.rests == 3


def test_more_than_a_page_of_records_is_handed_over_in_batches(table: Table) -> None:
    count = PAGE + BATCH // 2
    table.write(range(count), st=STATE)
    function = Function()
    with table.played_to(function):
        assert eventually(lambda: len(function.handed) == count)
    assert function.handed == [*range(count)]
    assert max(map(len, function.batches)) == BATCH


def test_pages_that_nobody_wants_are_read_over(table: Table) -> None:
    """The catalog, runs and counters are in the table too; the template's filter wants what has a state."""
    table.write(range(PAGE + 20))
    table.write(range(PAGE + 20, PAGE + 22), st=STATE)
    function = Function()
    with table.played_to(function):
        assert eventually(lambda: function.handed == [PAGE + 20, PAGE + 21])


def test_a_function_that_is_not_ready_is_waited_for(table: Table) -> None:
    function = Function()
    function.awake.clear()
    table.write(range(3), st=STATE)
    with table.played_to(function):
        assert not threading.Event().wait(0.2)
        assert (function.batches, function.rests) == ([], 0)
        function.awake.set()
        assert eventually(lambda: function.handed == [0, 1, 2])
    assert function.rests == 1
