"""The note that the world is at fault: one item in the ledger's table."""

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from aws.errors import code, translated
from aws.items import marshal

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

NOTE = {"pk": {"S": "outage"}}


class DynamoOutage:
    """Seen by every worker on `table`."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._dynamo, self._table = client, table

    def declared(self) -> str:
        with translated("GetItem"):
            item = self._dynamo.get_item(TableName=self._table, Key=NOTE, ConsistentRead=True).get("Item")
        return item["r"]["S"] if item else ""

    def declare(self, reason: str, *, now: int) -> None:
        with translated("UpdateItem"):
            try:
                self._dynamo.update_item(
                    TableName=self._table,
                    Key=NOTE,
                    UpdateExpression="SET r = :reason, u = :now",
                    ConditionExpression="attribute_not_exists(pk)",
                    ExpressionAttributeValues=marshal({":reason": reason, ":now": now}),
                )
            except ClientError as error:
                if code(error) != "ConditionalCheckFailedException":
                    raise

    def over(self) -> None:
        with translated("DeleteItem"):
            self._dynamo.delete_item(TableName=self._table, Key=NOTE)
