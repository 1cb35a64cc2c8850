"""The note that the world is at fault: one item in the ledger's table."""

from typing import TYPE_CHECKING

from aws.errors import translated
from aws.items import Item, marshal, unmarshal

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

NOTE = {"pk": {"S": "outage"}}


class DynamoOutage:
    """Seen by every worker on `table`."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._dynamo, self._table = client, table

    def declared(self) -> str:
        return str(self._note().get("r", ""))

    def stopped(self) -> bool:
        return bool(self._note().get("s", False))

    def declare(self, reason: str, *, now: int, stopped: bool = False) -> None:
        change = "SET r = if_not_exists(r, :reason), u = if_not_exists(u, :now)"
        with translated("UpdateItem"):
            self._dynamo.update_item(
                TableName=self._table,
                Key=NOTE,
                UpdateExpression=f"{change}, s = :stopped" if stopped else change,
                ExpressionAttributeValues=marshal(
                    {":reason": reason, ":now": now, **({":stopped": True} if stopped else {})}
                ),
            )

    def over(self) -> None:
        with translated("DeleteItem"):
            self._dynamo.delete_item(TableName=self._table, Key=NOTE)

    def _note(self) -> Item:
        with translated("GetItem"):
            item = self._dynamo.get_item(TableName=self._table, Key=NOTE, ConsistentRead=True).get("Item")
        return unmarshal(item) if item else {}
