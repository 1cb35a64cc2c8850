"""The catalog in the ledger's table: one small pointer item, what it said before, and bodies and pictures by digest."""

import hashlib
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from aws.errors import code, translated
from aws.items import Item, marshal, unmarshal
from imaging.recipe import Body
from jobs.catalog import Catalog
from jobs.errors import Retryable, Stale

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

POINTER = "catalog"


class DynamoCatalog:
    """Recipe bodies and the current catalog in `table`."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._dynamo, self._table = client, table

    def current(self) -> Catalog:
        return self._catalog(POINTER) or Catalog()

    def replace(self, catalog: Catalog, *, expected: int) -> None:
        item = _catalog_item(POINTER, catalog)
        condition = "v = :expected" if expected else "attribute_not_exists(pk) OR v = :expected"
        written = self._put(item, condition, {":expected": expected})
        if not written and self.current() != catalog:  # else it was written, and only the reply was lost
            raise Stale(f"the stored catalog is not at revision {expected} any more")

    def keep(self, catalog: Catalog) -> None:
        if catalog.revision:
            self._put_once(_catalog_item(_kept_key(catalog.revision), catalog))

    def kept(self, revision: int) -> Catalog | None:
        return self._catalog(_kept_key(revision))

    def _catalog(self, key: str) -> Catalog | None:
        item = self._read(key)
        if item is None:
            return None
        routes = tuple((prefix, name) for prefix, name in item["rt"])
        return Catalog(revision=int(item["v"]), routes=routes, recipes=item["rc"])

    def body(self, digest: str) -> Body:
        item = self._read(_body_key(digest))
        if item is None:
            raise Retryable("no-such-recipe", digest)
        assets = {name: self._asset(name) for name in item["as"]}
        return Body(json=bytes(item["j"]), assets=assets)

    def put_body(self, digest: str, body: Body) -> None:
        for name, picture in body.assets.items():
            self._put_once({"pk": _asset_key(name), "j": picture})
        self._put_once({"pk": _body_key(digest), "j": body.json, "as": sorted(body.assets)})

    def _asset(self, name: str) -> bytes:
        item = self._read(_asset_key(name))
        if item is None or hashlib.sha256(bytes(item["j"])).hexdigest() != name:
            raise Retryable("no-such-asset", name)
        return bytes(item["j"])

    def _read(self, key: str) -> Item | None:
        with translated("GetItem"):
            answer = self._dynamo.get_item(TableName=self._table, Key={"pk": {"S": key}}, ConsistentRead=True)
        return unmarshal(answer["Item"]) if "Item" in answer else None

    def _put_once(self, item: Item) -> None:
        self._put(item, "attribute_not_exists(pk)", {})  # refused: it is there already, byte for byte

    def _put(self, item: Item, condition: str, values: Item) -> bool:
        optional = {"ExpressionAttributeValues": marshal(values)} if values else {}
        with translated("PutItem"):
            try:
                self._dynamo.put_item(
                    TableName=self._table,
                    Item=marshal(item),
                    ConditionExpression=condition,
                    **optional,  # type: ignore[arg-type]
                )
            except ClientError as error:
                if code(error) != "ConditionalCheckFailedException":
                    raise
                return False
        return True


def _catalog_item(key: str, catalog: Catalog) -> Item:
    return {
        "pk": key,
        "v": catalog.revision,
        "rt": [list(route) for route in catalog.routes],
        "rc": dict(catalog.recipes),
    }


def _kept_key(revision: int) -> str:
    return f"{POINTER}#{revision}"


def _body_key(digest: str) -> str:
    return f"body#{digest}"


def _asset_key(name: str) -> str:
    return f"asset#{name}"
