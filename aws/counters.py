"""The counters in the ledger's table: sums in a few items, and beside them a mark for each source that was counted.

    counters#0 .. counters#7    the sums, in shards: each written whole, if nobody wrote it meanwhile
    counted#<source id>         the last change of that source that is in a sum

Neither has a state, so the stream's filter hands none of these writes back to who makes them.
"""

import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from aws.errors import code, translated
from aws.items import Item, marshal, unmarshal
from jobs.counters import Change, Counters
from jobs.errors import Retryable
from jobs.source import State

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SHARDS = 8

AT_ONCE = 99
"""Sources in one transaction: it takes a hundred writes, and one is of the sums."""

ROUNDS = 5
"""How often a transaction is tried again when somebody else wrote the same items."""


class DynamoCounters:
    """Counters in `table`."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._dynamo, self._table = client, table

    def count(self, changes: Sequence[Change]) -> None:
        by_source: dict[str, list[Change]] = defaultdict(list)
        for change in changes:
            by_source[change.id].append(change)
        sources = list(by_source)
        for start in range(0, len(sources), AT_ONCE):
            self._count({id: by_source[id] for id in sources[start : start + AT_ONCE]})

    def read(self) -> Counters:
        items = self._read([_shard(number) for number in range(SHARDS)])
        return sum((_counters(item) for item in items.values()), Counters())

    def _count(self, by_source: Mapping[str, Sequence[Change]]) -> None:
        for _ in range(ROUNDS):
            if self._counted(by_source):
                return
        raise Retryable("throttled", "the counters are written by too many at once")

    def _counted(self, by_source: Mapping[str, Sequence[Change]]) -> bool:
        """One try. False: somebody wrote one of the items after it was read."""
        shard = _shard(random.randrange(SHARDS))  # noqa: S311
        items = self._read([shard, *map(_mark, by_source)])
        marks = {id: str(items.get(_mark(id), {}).get("s", "")) for id in by_source}
        fresh = {id: [one for one in some if one.sequence > marks[id]] for id, some in by_source.items()}
        fresh = {id: some for id, some in fresh.items() if some}
        if not fresh:
            return True
        old = items.get(shard, {})
        counters = _counters(old).counting(change for some in fresh.values() for change in some)
        writes = [self._put({"pk": shard, "n": int(old.get("n", 0)) + 1, **_item(counters)}, "n", old.get("n"))]
        for id, some in fresh.items():
            writes.append(self._put({"pk": _mark(id), "s": some[-1].sequence}, "s", marks[id] or None))
        return self._transact(writes)

    def _put(self, item: Item, attribute: str, expected: Any) -> dict[str, Any]:
        """If the attribute is still as it was read."""
        write: dict[str, Any] = {"TableName": self._table, "Item": marshal(item)}
        if expected is None:
            return {"Put": write | {"ConditionExpression": "attribute_not_exists(pk)"}}
        values = marshal({":expected": expected})
        condition = {"ConditionExpression": f"{attribute} = :expected", "ExpressionAttributeValues": values}
        return {"Put": write | condition}

    def _transact(self, writes: list[Any]) -> bool:
        with translated("TransactWriteItems"):
            try:
                self._dynamo.transact_write_items(TransactItems=writes)
            except ClientError as error:
                if code(error) != "TransactionCanceledException":
                    raise
                return False
        return True

    def _read(self, keys: Iterable[str]) -> dict[str, Item]:
        found: dict[str, Item] = {}
        wanted: Any = {self._table: {"Keys": [{"pk": {"S": key}} for key in keys], "ConsistentRead": True}}
        while wanted:
            with translated("BatchGetItem"):
                answer = self._dynamo.batch_get_item(RequestItems=wanted)
            for item in map(unmarshal, answer["Responses"].get(self._table, [])):
                found[item["pk"]] = item
            wanted = answer.get("UnprocessedKeys")
        return found


def _shard(number: int) -> str:
    return f"counters#{number}"


def _mark(id: str) -> str:
    return f"counted#{id}"


def _item(counters: Counters) -> Item:
    return {
        "c": {str(state): count for state, count in counters.states.items()},
        "m": {str(minute): count for minute, count in counters.minutes.items()},
        "bi": counters.bytes_in,
        "bo": counters.bytes_out,
        "ms": counters.milliseconds,
        "d": Decimal(f"{counters.dollars:.9f}"),
    }


def _counters(item: Item) -> Counters:
    return Counters(
        states={State(state): int(count) for state, count in item.get("c", {}).items()},
        minutes={int(minute): int(count) for minute, count in item.get("m", {}).items()},
        bytes_in=int(item.get("bi", 0)),
        bytes_out=int(item.get("bo", 0)),
        milliseconds=int(item.get("ms", 0)),
        dollars=float(item.get("d", 0)),
    )
