"""What a versioned bucket keeps, taken away for good."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from aws.errors import translated
from jobs.errors import Retryable

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def erase_versions(client: "S3Client", bucket: str, prefix: str) -> None:
    """Deletes every version and delete marker under a prefix of plain keys, a page at a time."""
    with translated("deleting versions"):
        for found in _pages(client, bucket, prefix):
            answer = client.delete_objects(
                Bucket=bucket,
                Delete={
                    "Objects": [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in found],
                    "Quiet": True,
                },
            )
            if refused := answer.get("Errors"):
                raise Retryable("not-erased", f"{refused[0].get('Key')}: {refused[0].get('Message')}")


def erase_key(client: "S3Client", bucket: str, key: str) -> None:
    """Deletes every version and delete marker of one key, which may be anything at all.

    One by one: DeleteObjects says keys in XML, which cannot say control characters, and S3 then refuses all of it.
    """
    with translated("deleting versions"):
        for found in _pages(client, bucket, key):
            for each in found:
                if each["Key"] == key:
                    client.delete_object(Bucket=bucket, Key=key, VersionId=each["VersionId"])


def _pages(client: "S3Client", bucket: str, prefix: str) -> Iterator[list[Any]]:
    for page in client.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
        if found := [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
            yield found
