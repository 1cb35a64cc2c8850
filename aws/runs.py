"""Long operations in the ledger's table: one small item a run, written only over the version it came from.

    pk run#ID      n version      j the run as JSON      x, y where the index of faults lists it, by when it began

The index is written when a run begins and not at its steps: its keys stay as they are."""

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from aws.errors import code, translated
from aws.items import INDEX, RUNS, Item, marshal, unmarshal, why_and_when
from jobs.errors import Stale
from jobs.runs import Phase, Run

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


PREFIX = "run#"


class DynamoRuns:
    """Runs in `table`."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._dynamo, self._table = client, table

    def read(self, id: str) -> Run | None:
        with translated("GetItem"):
            answer = self._dynamo.get_item(TableName=self._table, Key={"pk": {"S": _key(id)}}, ConsistentRead=True)
        return _run(str(unmarshal(answer["Item"])["j"])) if "Item" in answer else None

    def latest(self, most: int = 100) -> Sequence[Run]:
        """One query, and a read for each that it names: however many there ever were."""
        with translated("Query"):
            listed = self._dynamo.query(
                TableName=self._table,
                IndexName=INDEX,
                KeyConditionExpression="x = :runs",
                ExpressionAttributeValues={":runs": {"S": RUNS}},
                ScanIndexForward=False,
                Limit=most,
            )
        runs = filter(None, (self.read(item["pk"]["S"].removeprefix(PREFIX)) for item in listed["Items"]))
        return tuple(runs)

    def save(self, run: Run) -> Run:
        saved = replace(run, version=run.version + 1)
        condition = "n = :expected" if run.version else "attribute_not_exists(pk)"
        values = {"ExpressionAttributeValues": marshal({":expected": run.version})} if run.version else {}
        with translated("PutItem"):
            try:
                self._dynamo.put_item(
                    TableName=self._table,
                    Item=_item(saved),
                    ConditionExpression=condition,
                    **values,  # type: ignore[arg-type]
                )
            except ClientError as error:
                if code(error) != "ConditionalCheckFailedException":
                    raise
                if self.read(run.id) != saved:  # else it was written, and only the reply was lost
                    raise Stale(f"{run.id} was moved on by another command") from error
        return saved


def _item(run: Run) -> Item:
    listed = {"x": RUNS, "y": why_and_when("began", round(run.began * 1000))}
    return marshal({"pk": _key(run.id), "n": run.version, "j": json.dumps(asdict(run)), **listed})


def _run(text: str) -> Run:
    kept = json.loads(text)
    return Run(**{**kept, "phase": Phase(kept["phase"])})


def _key(id: str) -> str:
    return PREFIX + id
