"""What there is in a bucket: a prefix's objects, an S3 Inventory, a CSV of keys."""

import gzip
import io
import zlib
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from aws.errors import translated
from jobs import inventory
from jobs.backfill import PAGE, Found, Listed
from jobs.inventory import InventoryInvalid, Rows
from jobs.source import Source

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class S3Listing:
    """The current objects under a prefix, by key. A place is the last key seen: it outlives any token of S3's."""

    def __init__(self, client: "S3Client", bucket: str, prefix: str = "", page: int = PAGE) -> None:
        self._s3, self._bucket, self._prefix, self._page = client, bucket, prefix, page

    def page(self, after: str) -> Listed:
        start = {"StartAfter": after} if after else {}
        with translated("ListObjectsV2"):
            answer = self._s3.list_objects_v2(Bucket=self._bucket, Prefix=self._prefix, MaxKeys=self._page, **start)  # type: ignore[arg-type]
        found = tuple(
            Found(Source(self._bucket, there["Key"]), there["ETag"].strip('"'), there["Size"])
            for there in answer.get("Contents", [])
        )
        return Listed(found, found[-1].source.key if answer.get("IsTruncated") and found else None)


class S3Listings:
    """The lists of objects that there are in S3."""

    def __init__(self, client: "S3Client") -> None:
        self._s3 = client

    def prefix(self, bucket: str, prefix: str, page: int = PAGE) -> S3Listing:
        return S3Listing(self._s3, bucket, prefix, page)

    def inventory(self, bucket: str, key: str, page: int = PAGE) -> Rows:
        """An S3 Inventory, by its manifest.json. Raises Retryable, InventoryInvalid."""
        told = inventory.manifest(_read(self._s3, bucket, key).decode("utf-8", "replace"))
        return Rows([partial(_part, self._s3, bucket, part, told.schema) for part in told.parts], page)

    def csv(self, bucket: str, key: str, page: int = PAGE) -> Rows:
        """A list of one's own, packed by gzip if its name ends so."""
        return Rows([partial(_part, self._s3, bucket, key, inventory.OWN_SCHEMA)], page)


def _part(client: "S3Client", bucket: str, key: str, schema: tuple[str, ...]) -> Iterator[Found]:
    body = _read(client, bucket, key)
    try:
        text = (gzip.decompress(body) if key.endswith(".gz") else body).decode()
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise InventoryInvalid(f"s3://{bucket}/{key} is no CSV in UTF-8: {error}") from None
    return inventory.rows(io.StringIO(text, newline=""), schema)


def _read(client: "S3Client", bucket: str, key: str) -> bytes:
    with translated("GetObject"):
        return client.get_object(Bucket=bucket, Key=key)["Body"].read()
