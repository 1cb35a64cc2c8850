"""What a versioned bucket keeps, taken away for good."""

from typing import TYPE_CHECKING

from aws.errors import translated
from jobs.errors import Retryable

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def erase_versions(client: "S3Client", bucket: str, prefix: str, key: str | None = None) -> None:
    """Deletes every version and delete marker under a prefix, or of one key alone, a page at a time."""
    with translated("deleting versions"):
        for page in client.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
            found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
            kept = [each for each in found if key is None or each["Key"] == key]
            if not kept:
                continue
            answer = client.delete_objects(
                Bucket=bucket,
                Delete={
                    "Objects": [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in kept],
                    "Quiet": True,
                },
            )
            if refused := answer.get("Errors"):
                raise Retryable("not-erased", f"{refused[0].get('Key')}: {refused[0].get('Message')}")
