"""The notes that the world is at fault and that an operator paused the intake: two items in the ledger's table.

pk outage     r reason      u since when      s a breaker stopped the intake
pk pause      there as long as the pause lasts, through as many outages as there are
"""

from typing import TYPE_CHECKING

from aws.errors import translated
from aws.items import Item, marshal, unmarshal

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import UniversalAttributeValueTypeDef

    Key = dict[str, UniversalAttributeValueTypeDef]

NOTE: "Key" = {"pk": {"S": "outage"}}
PAUSE: "Key" = {"pk": {"S": "pause"}}


class DynamoOutage:
    """Seen by every worker on `table`."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._dynamo, self._table = client, table

    def declared(self) -> str:
        return str(self._note().get("r", ""))

    def stopped(self) -> bool:
        return bool(self._note().get("s", False))

    def held(self) -> bool:
        return bool(self._item(PAUSE))

    def hold(self) -> None:
        with translated("PutItem"):
            self._dynamo.put_item(TableName=self._table, Item=PAUSE)

    def release(self) -> None:
        with translated("DeleteItem"):
            self._dynamo.delete_item(TableName=self._table, Key=PAUSE)

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
        return self._item(NOTE)

    def _item(self, key: "Key") -> Item:
        with translated("GetItem"):
            item = self._dynamo.get_item(TableName=self._table, Key=key, ConsistentRead=True).get("Item")
        return unmarshal(item) if item else {}
