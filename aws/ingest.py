"""Originals put into their bucket by an operator: checked by S3 against a checksum, and known again by it."""

import base64
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from aws.errors import code, translated
from jobs.backfill import Found
from jobs.source import Source

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

FROM = "ingested-etag"
"""The metadata by which a copy is known: the etag of what it was copied from."""


class S3Ingest:
    """Puts and copies. What is there already, byte for byte, is left alone."""

    def __init__(self, client: "S3Client") -> None:
        self._s3 = client

    def put(self, source: Source, path: Path) -> bool:
        """Whether the file had to be put; S3 refuses it if a byte was lost on the way. Raises Retryable, OSError."""
        body = path.read_bytes()
        checksum = base64.b64encode(hashlib.sha256(body).digest()).decode()
        if self._head(source).get("ChecksumSHA256") == checksum:
            return False
        with translated("PutObject"):
            self._s3.put_object(Bucket=source.bucket, Key=source.key, Body=body, ChecksumSHA256=checksum)
        return True

    def copy(self, found: Found, source: Source) -> bool:
        """Whether the object had to be copied, inside S3 and only as the listing saw it. Raises Retryable."""
        if self._head(source).get("Metadata", {}).get(FROM) == found.etag:
            return False
        original = {"Bucket": found.source.bucket, "Key": found.source.key}
        with translated("CopyObject"):
            kind = self._s3.head_object(**original).get("ContentType", "")  # type: ignore[arg-type]
            self._s3.copy_object(
                Bucket=source.bucket,
                Key=source.key,
                CopySource=original,  # type: ignore[arg-type]
                CopySourceIfMatch=found.etag,
                MetadataDirective="REPLACE",
                Metadata={FROM: found.etag},
                ContentType=kind,
                ChecksumAlgorithm="SHA256",
            )
        return True

    def _head(self, source: Source) -> dict[str, Any]:
        with translated("HeadObject"):
            try:
                return dict(self._s3.head_object(Bucket=source.bucket, Key=source.key, ChecksumMode="ENABLED"))
            except ClientError as error:
                if code(error) not in ("404", "NoSuchKey", "NotFound"):
                    raise
                return {}
