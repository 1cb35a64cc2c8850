"""The ledger on DynamoDB: one item per source, every change one conditional write.

    st state      f fence      h holder      l lease_until   v revision   a attempts   u updated   b, k bucket, key
    p published   rj rejected  t told        r, rd reason and detail      x, y where the index of faults keeps it
    z erased, and now claimed: what is erased has no b, no k and no z

The conditions are those of docs/architecture.md, spelled for DynamoDB.
"""

import json
import secrets
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

from aws.errors import code, translated
from aws.items import (
    FAULT_SHARDS,
    FAULTS,
    INDEX,
    Item,
    mark_item,
    marshal,
    published_item,
    record_of,
    shard,
    why_and_when,
)
from jobs import events
from jobs.errors import LostFence, Retryable
from jobs.ports import Claim, Claimed, Finished, Leased, Newer, Page, Untold
from jobs.source import RESTING, Mark, Published, Record, Source, State

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

NAMED = "(attribute_exists(k) OR attribute_not_exists(pk))"
NAMELESS = "attribute_exists(pk) AND attribute_not_exists(k)"
"""Conditions: any source but what is erased; that alone."""

FORGOTTEN = "b, k, z, h, l, a, p, rj, t, r, rd, x, y"
"""What an erased source's item loses: all but id, state, fence and revision, and when that was."""

MOST_IN_BATCH = 100
"""Items that one BatchGetItem may ask for."""


class DynamoLedger:
    """One item per source in `table`."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._dynamo, self._table = client, table

    # ---- claim ---------------------------------------------------------------------------------------------------

    def claim(self, source: Source, *, etag: str | None, digest: str, revision: int, now: int, until: int) -> Claim:
        """One write. What was erased refuses it, and is asked once more, by a claim that lends it its name."""
        holder = secrets.token_hex(6)
        condition, values = _claimable(etag, digest, revision, now)
        values |= {":b": source.bucket, ":k": source.key, ":h": holder, ":until": until, ":one": 1}
        change = "st = :processing, b = :b, k = :k, h = :h, l = :until, u = :now ADD f :one, a :one REMOVE x, y"
        outcome = self._update(source, f"SET {change}", f"{condition} AND {NAMED}", values)
        if lent := isinstance(outcome, _Refused) and outcome.record.tombstone:
            lending = f"SET z = :true, {change}"
            outcome = self._update(source, lending, f"{condition} AND {NAMELESS}", {**values, ":true": True})
        if isinstance(outcome, Claimed) or outcome.record.holder == holder:  # ours: only the reply was lost
            return Claimed(outcome.record)
        if lent and not outcome.record.tombstone:  # another worker was quicker: nothing is known of this event
            return Leased(max(outcome.record.lease_until, now))
        return _judged(outcome.record, revision, now)

    # ---- settle: only the holder of the fence, only from processing ------------------------------------------------

    def publish(self, claim: Record, published: Published, *, now: int) -> None:
        values = {":p": published_item(published), ":v": published.revision}
        self._settle(claim, State.DONE, "p = :p, v = :v", "rj, t, r, rd, z", values, now)

    def unchanged(self, claim: Record, *, revision: int, now: int) -> None:
        self._settle(claim, State.DONE, "p.v = :v, v = :v", "rj, t, r, rd", {":v": revision}, now)

    def deleted(self, claim: Record, *, revision: int, now: int) -> None:
        """What was erased before is again without a name."""
        values: Item = {":v": revision}
        if claim.erased:
            self._settled(claim, f"SET st = :state, u = :now, v = :v REMOVE {FORGOTTEN}", State.DELETED, values, now)
        else:
            self._settle(claim, State.DELETED, "v = :v", "p, rj, t, r, rd", values, now)

    def reject(self, claim: Record, mark: Mark, reason: str, detail: str, *, revision: int, now: int) -> None:
        rejected = mark_item(mark, reason, detail)
        values = {":rj": rejected, ":r": reason, ":rd": detail, ":v": revision, ":f0": False}
        self._settle(claim, State.REJECTED, "rj = :rj, r = :r, rd = :rd, v = :v, t = :f0", "", values, now, reason)

    def reject_again(self, claim: Record, *, revision: int, now: int) -> None:
        reason = claim.rejected.reason if claim.rejected else ""
        self._settle(claim, State.REJECTED, "v = :v, r = rj.r, rd = rj.rd", "", {":v": revision}, now, reason)

    def release(self, claim: Record, reason: str, *, dead: bool, now: int) -> None:
        self._settle(claim, State.DEAD if dead else State.QUEUED, "r = :r", "rd", {":r": reason}, now, reason)

    def told(self, record: Record) -> None:
        self._update(
            record.source,
            "SET t = :true",
            "st = :rejected AND f = :mine",  # without the fence a slow worker would mark the next rejection told
            {":true": True, ":rejected": State.REJECTED, ":mine": record.fence},
        )

    def requeue(self, source: Source, *, now: int) -> bool:
        change = "SET st = :queued, u = :now REMOVE rj, t, r, rd, x, y"
        values = {":queued": State.QUEUED, ":rejected": State.REJECTED, ":dead": State.DEAD, ":now": now}
        return isinstance(self._update(source, change, "st IN (:rejected, :dead)", values), Claimed)

    # ---- before and after the worker -----------------------------------------------------------------------------

    def enqueue(self, source: Source, *, now: int) -> bool:
        values = {":queued": State.QUEUED, ":b": source.bucket, ":k": source.key, ":now": now}
        change = "SET st = :queued, b = :b, k = :k, u = :now"
        return isinstance(self._update(source, change, "attribute_not_exists(pk)", values), Claimed)

    def erase(self, record: Record, *, now: int) -> bool:
        """The next fence: whoever still renders it has lost its claim."""
        values = {":deleted": State.DELETED, ":now": now, ":one": 1, ":state": record.state, ":fence": record.fence}
        change = f"SET st = :deleted, u = :now ADD f :one REMOVE {FORGOTTEN}"
        return isinstance(self._update(record.source, change, "st = :state AND f = :fence", values), Claimed)

    # ---- read ----------------------------------------------------------------------------------------------------

    def read(self, source: Source) -> Record | None:
        with translated("GetItem"):
            answer = self._dynamo.get_item(TableName=self._table, Key=_key(source), ConsistentRead=True)
        return record_of(answer["Item"], source) if "Item" in answer else None

    def read_many(self, sources: Iterable[Source]) -> Mapping[Source, Record]:
        by_id = {source.id: source for source in sources}
        return {
            (source := by_id[item["pk"]["S"]]): record_of(item, source)
            for chunk in _chunks(list(by_id.values()), MOST_IN_BATCH)
            for item in self._batch([_key(source) for source in chunk])
        }

    def find(self, ids: Iterable[str]) -> Mapping[str, Record]:
        unique = list(dict.fromkeys(ids))
        chunks = (unique[start : start + MOST_IN_BATCH] for start in range(0, len(unique), MOST_IN_BATCH))
        items = (item for chunk in chunks for item in self._batch([{"pk": {"S": id}} for id in chunk], consistent=True))
        return {item["pk"]["S"]: record_of(item) for item in items if "k" in item}

    def scan(self, after: str | None = None) -> Page:
        start: dict[str, Any] = {"ExclusiveStartKey": {"pk": {"S": after}}} if after else {}
        with translated("Scan"):
            answer = self._dynamo.scan(
                TableName=self._table,
                ConsistentRead=True,
                # The catalog and its bodies live in the table too, and what is left of the erased.
                FilterExpression="attribute_exists(st) AND attribute_exists(k)",
                **start,
            )
        last = answer.get("LastEvaluatedKey")
        return Page(tuple(record_of(item) for item in answer["Items"]), last["pk"]["S"] if last else None)

    def faults(
        self, after: str | None = None, state: State | None = None, most: int = MOST_IN_BATCH, reason: str = ""
    ) -> Page:
        """Shard by shard. A place is the shard and, within it, the index's own last key."""
        shards = [shard for shard in FAULT_SHARDS if state is None or shard.startswith(f"{state}#")]
        number, start = json.loads(after) if after else (0, None)
        condition, values = ("x = :x AND begins_with(y, :y)", {":y": f"{reason}#"}) if reason else ("x = :x", {})
        with translated("Query"):
            answer = self._dynamo.query(
                TableName=self._table,
                IndexName=INDEX,
                KeyConditionExpression=condition,
                ExpressionAttributeValues=marshal({":x": shards[number], **values}),
                Limit=most,
                **({"ExclusiveStartKey": start} if start else {}),
            )
        items = self._batch([{"pk": item["pk"]} for item in answer["Items"]])
        found = tuple(record_of(item) for item in items if "k" in item)
        last = answer.get("LastEvaluatedKey")
        following = (number, last) if last else (number + 1, None)
        return Page(found, json.dumps(following) if following[0] < len(shards) else None)

    def _batch(self, keys: list[Item], *, consistent: bool = False) -> Iterator[Item]:
        if not keys:
            return
        wanted: Mapping[str, Any] = {self._table: {"Keys": keys, "ConsistentRead": consistent}}
        for pause in (0.05, 0.2, 0.8, 3.2, None):
            with translated("BatchGetItem"):
                answer = self._dynamo.batch_get_item(RequestItems=wanted)
            yield from answer["Responses"].get(self._table, [])
            wanted = answer["UnprocessedKeys"]
            if not wanted:
                return
            if pause:
                time.sleep(pause)
        raise Retryable("throttled", "BatchGetItem left keys unread")

    # ---- the one write -------------------------------------------------------------------------------------------

    def _settle(
        self, claim: Record, state: State, sets: str, removes: str, values: Item, now: int, reason: str = ""
    ) -> None:
        """`reason`: by which the index of faults keeps it, in the states that it holds."""
        fault = {":x": shard(claim.source, state), ":y": why_and_when(reason, now)} if state in FAULTS else {}
        change = (
            f"SET st = :state, a = :zero, u = :now, {sets}{', x = :x, y = :y' if fault else ''}"
            f" REMOVE l{', ' + removes if removes else ''}"
        )
        self._settled(claim, change, state, {":zero": 0, **fault, **values}, now)

    def _settled(self, claim: Record, change: str, state: State, values: Item, now: int) -> None:
        mine = {":state": state, ":now": now, ":processing": State.PROCESSING, ":mine": claim.fence}
        result = self._update(claim.source, change, "st = :processing AND f = :mine", {**mine, **values})
        if isinstance(result, Claimed):
            return
        left = result.record
        ours = left.fence == claim.fence and (left.tombstone or left.holder == claim.holder)
        if not ours or left.state is State.PROCESSING:
            raise LostFence

    def _update(self, source: Source, change: str, condition: str, values: Item) -> "Claimed | _Refused":
        with translated("UpdateItem"):
            try:
                answer = self._dynamo.update_item(
                    TableName=self._table,
                    Key=_key(source),
                    UpdateExpression=change,
                    ConditionExpression=condition,
                    ExpressionAttributeValues=marshal(values),
                    ReturnValues="ALL_NEW",
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
                return Claimed(record_of(answer["Attributes"], source))
            except ClientError as error:
                if code(error) != "ConditionalCheckFailedException":
                    raise
                return _Refused(source, error)


class _Refused:
    """A refused condition, and the item that refused it."""

    def __init__(self, source: Source, error: ClientError) -> None:
        item = cast("Item | None", error.response.get("Item"))
        self.record = record_of(item, source) if item else Record(source, State.QUEUED)


def _key(source: Source) -> Item:
    return {"pk": {"S": source.id}}


def _claimable(etag: str | None, digest: str, revision: int, now: int) -> tuple[str, Item]:
    """No newer revision, no live lease, and not resting in a state that answers this event."""
    values: Item = {
        ":processing": State.PROCESSING,
        ":now": now,
        ":revision": revision,
        ":done": State.DONE,
        ":rejected": State.REJECTED,
        ":digest": digest,
    }
    clauses = ["(attribute_not_exists(v) OR v <= :revision)", "NOT (st = :processing AND l > :now)"]
    if etag is None:
        del values[":done"], values[":rejected"], values[":digest"]
        return " AND ".join(clauses), values
    same_done, same_rejected = "", ""
    if etag != events.ANY:
        same_done, same_rejected = " AND p.e = :etag", " AND rj.e = :etag"
        values[":etag"] = etag
    clauses.append(f"NOT (st = :done AND p.d = :digest{same_done})")
    clauses.append(f"NOT (st = :rejected AND rj.d = :digest{same_rejected})")
    if etag in (events.ABSENT, events.ANY):
        clauses.append("NOT (st = :deleted)")  # `st <> x` is false for an item that has no st
        values[":deleted"] = State.DELETED
    return " AND ".join(clauses), values


def _judged(record: Record, revision: int, now: int) -> Claim:
    """Why the claim was refused, by the item that refused it."""
    if record.revision > revision:
        return Newer(record.revision)
    if record.state is State.REJECTED and not record.told:
        return Untold(record)
    if record.state in RESTING:
        return Finished(record)
    return Leased(max(record.lease_until, now))


def _chunks(sources: list[Source], size: int) -> Iterator[list[Source]]:
    return (sources[start : start + size] for start in range(0, len(sources), size))
