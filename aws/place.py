"""Where the sweep goes on: one item in the ledger's table, which is there while a sweep is under way."""

from typing import TYPE_CHECKING

from aws.errors import translated

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

PLACE = {"pk": {"S": "sweep"}}


class DynamoPlace:
    """The place in `table`, kept by the key of the last item that was looked at: it need not be there any more."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._dynamo, self._table = client, table

    def read(self) -> str | None:
        with translated("GetItem"):
            item = self._dynamo.get_item(TableName=self._table, Key=PLACE, ConsistentRead=True).get("Item")
        return item["af"]["S"] if item else None

    def keep(self, place: str | None) -> None:
        if place is None:
            with translated("DeleteItem"):
                self._dynamo.delete_item(TableName=self._table, Key=PLACE)
            return
        with translated("PutItem"):
            self._dynamo.put_item(TableName=self._table, Item={**PLACE, "af": {"S": place}})
