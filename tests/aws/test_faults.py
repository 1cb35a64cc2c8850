"""The index of faults when it is long: what a page of it costs, wherever it lies and however many there are.

`SAFELIGHT_FAULTS=100000` fills it with so many and says what was measured; docs/faults.md has the figures.
"""

import json
import os
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest

from aws.items import Item, mark_item, marshal, shard, why_and_when
from aws.ledger import DynamoLedger
from jobs.source import Mark, Source, State
from local.embedded import embedded
from local.endpoint import Endpoint
from local.stack import create

pytestmark = [pytest.mark.embedded, pytest.mark.slow]

MANY = int(os.environ.get("SAFELIGHT_FAULTS", "1600"))
PAGE = 50
COMMON, RARE = ("truncated", "corrupt", "not-an-image"), "archived"
EVERY = 40
"""One of so many was rejected for the rare reason."""

IN_A_BATCH = 25
STEPS = 8
"""Pages that are read at each place."""


@dataclass
class Spent:
    """What one page cost: the calls, and the keys of the index that they went through.

    The embedded AWS says half a unit whatever a query reads, so what DynamoDB asks follows from these, by its rule.
    """

    calls: list[str] = field(default_factory=list)
    keys: int = 0
    seconds: float = 0.0


@dataclass
class Meter:
    """Every answer of DynamoDB passes here."""

    spent: Spent = field(default_factory=Spent)

    def __call__(self, parsed: Any, model: Any, **_: Any) -> None:
        self.spent.calls.append(model.name)
        self.spent.keys += parsed.get("ScannedCount", 0)


@dataclass
class Index:
    """A table of faults; `kept` are its sort keys, with the sources, as shard 0 of the rejected has them."""

    ledger: DynamoLedger
    meter: Meter
    kept: list[tuple[str, Source]]

    def page(self, after: str | None, reason: str) -> tuple[Spent, list[str], str | None]:
        """What it cost, the reasons of its records, and the place of the next."""
        self.meter.spent = Spent()
        begun = time.perf_counter()
        page = self.ledger.faults(after, State.REJECTED, PAGE, reason)
        self.meter.spent.seconds = time.perf_counter() - begun
        return self.meter.spent, [record.reason for record in page.records], page.next

    def place(self, share: float, reason: str) -> str:
        """So far through what the first shard has of this reason."""
        of_reason = [each for each in self.kept if each[0].startswith(reason)]
        sorted_by, source = of_reason[int(share * (len(of_reason) - 1))]
        key = marshal({"pk": source.id, "x": shard(source, State.REJECTED), "y": sorted_by})
        return json.dumps((0, key))


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    """On an AWS of its own: so many faults would slow the others down."""
    with embedded(tmp_path_factory.mktemp("faults")) as endpoint:
        yield filled(endpoint)


def filled(endpoint: Endpoint) -> Index:
    table, dynamo, meter = (
        create(endpoint, "faults").function("Worker").variables["SAFELIGHT_TABLE"],
        *metered(endpoint),
    )
    items = [rejected(number) for number in range(MANY)]
    batches = [items[start : start + IN_A_BATCH] for start in range(0, MANY, IN_A_BATCH)]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda batch: dynamo.batch_write_item(RequestItems={table: batch}), batches))
    plain = [(number, Source("originals", key(number))) for number in range(MANY)]
    kept = [(sorted_by(number), source) for number, source in plain if shard(source, State.REJECTED).endswith("#0")]
    return Index(DynamoLedger(dynamo, table), meter, sorted(kept))


def metered(endpoint: Endpoint) -> tuple[Any, Meter]:
    """A client, and what it hears."""
    dynamo, meter = endpoint.client("dynamodb"), Meter()
    dynamo.meta.events.register("after-call.dynamodb.*", meter)
    return dynamo, meter


def rejected(number: int) -> Item:
    source, reason = Source("originals", key(number)), why(number)
    return {
        "PutRequest": {
            "Item": marshal(
                {
                    "pk": source.id,
                    "b": source.bucket,
                    "k": source.key,
                    "st": State.REJECTED,
                    "f": 1,
                    "v": 1,
                    "u": number,
                    "rj": mark_item(Mark("e" * 32, "d" * 32), reason, "ends early"),
                    "r": reason,
                    "t": True,
                    "x": shard(source, State.REJECTED),
                    "y": sorted_by(number),
                }
            )
        }
    }


def key(number: int) -> str:
    return f"2026/11/26/{number:08}.jpg"


def why(number: int) -> str:
    return COMMON[number % len(COMMON)] if number % EVERY else RARE


def sorted_by(number: int) -> str:
    return why_and_when(why(number), number)


@pytest.mark.parametrize("reason", ["", COMMON[0], RARE])
def test_a_page_costs_the_same_wherever_it_lies(index: Index, reason: str, capsys: pytest.CaptureFixture[str]) -> None:
    seconds = {}
    for share in (0.0, 0.5, 1.0):
        after: str | None = index.place(share, reason)
        spent = []
        for _ in range(STEPS):
            cost, reasons, after = index.page(after, reason)
            spent.append(cost)
            assert set(cost.calls) <= {"Query", "BatchGetItem"}
            assert len(cost.calls) <= 2
            assert cost.keys == len(reasons) <= PAGE, "it goes through no key that it does not show"
            assert set(reasons) <= ({reason} if reason else {*COMMON, RARE})
        seconds[share] = statistics.median(each.seconds for each in spent)
    with capsys.disabled():
        told = ", ".join(f"{share:.0%} {value * 1000:.0f} ms" for share, value in seconds.items())
        print(f"\n{MANY:,} faults, {reason or 'any reason'}: a page of {PAGE} at {told}")
    assert max(seconds.values()) < 10 * min(seconds.values())
