"""S3: originals to read, renditions to write."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError
from botocore.response import StreamingBody

from aws.edge import Edge
from aws.errors import code, translated
from aws.versions import erase_versions
from jobs.errors import Retryable
from jobs.ports import Absent, Archived, NotModified, Version, Versions
from jobs.source import Source

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import GetObjectOutputTypeDef

FOREVER = "public, max-age=31536000, immutable"
"""A rendition's key always names the same bytes, so every cache may keep them."""

MOST_REMOVED = 1000
"""Versions that one DeleteObjects may name."""


URL_LIVES = 3600
"""Seconds that a presigned address is good for."""


class S3Content:
    """An open GetObject answer."""

    def __init__(self, answer: "GetObjectOutputTypeDef") -> None:
        self.etag = answer["ETag"].strip('"')
        self.version = answer.get("VersionId", "")
        self.size = answer["ContentLength"]
        self._body: StreamingBody = answer["Body"]

    def read(self) -> bytes:
        with translated("reading an original"):
            return bytes(self._body.read())

    def close(self) -> None:
        self._body.close()


class S3Originals:
    """The uploads. Reads only; which bucket is in the source, and jobs/batch.py has checked it."""

    def __init__(self, client: "S3Client") -> None:
        self._s3 = client

    def fetch(self, source: Source, unless: str | None = None) -> S3Content | NotModified | Absent | Archived:
        condition = {"IfNoneMatch": f'"{unless}"'} if unless else {}
        with translated("GetObject"):
            try:
                return S3Content(self._s3.get_object(Bucket=source.bucket, Key=source.key, **condition))  # type: ignore[arg-type]
            except ClientError as error:
                return _expected(error)


def _expected(error: ClientError) -> NotModified | Absent | Archived:
    """S3 says 404 for a missing key only to who may list the bucket; without that right it is a 403, and retryable."""
    match code(error):
        case "304" | "NotModified":
            return NotModified()
        case "404" | "NoSuchKey":
            return Absent()
        case "InvalidObjectState":
            return Archived()
        case _:
            raise error


class S3Renditions:
    """The bucket that Safelight alone writes."""

    def __init__(
        self, client: "S3Client", bucket: str, edge: Edge | None = None, signer: "S3Client | None" = None
    ) -> None:
        """`edge`: the cache in front of the bucket, where there is one. `signer`: signs addresses; else `client`."""
        self._s3, self.bucket, self._edge = client, bucket, edge
        self._signer = signer or client

    def put(self, key: str, body: bytes, content_type: str) -> None:
        with translated("PutObject"):
            self._s3.put_object(Bucket=self.bucket, Key=key, Body=body, ContentType=content_type, CacheControl=FOREVER)

    def get(self, key: str) -> bytes:
        with translated("GetObject"):
            return bytes(self._s3.get_object(Bucket=self.bucket, Key=key)["Body"].read())

    def url(self, key: str) -> str:
        if self._edge:
            return self._edge.url(key)
        with translated("presigning"):
            asked = {"Bucket": self.bucket, "Key": key}
            return self._signer.generate_presigned_url("get_object", Params=asked, ExpiresIn=URL_LIVES)

    def erase(self, source: Source) -> None:
        erase_versions(self._s3, self.bucket, f"{source.id}/")
        if self._edge:
            self._edge.forget(f"/{source.id}/*")

    def has(self, key: str) -> bool:
        with translated("HeadObject"):
            try:
                self._s3.head_object(Bucket=self.bucket, Key=key)
            except ClientError as error:
                if code(error) not in ("404", "NoSuchKey"):
                    raise
                return False
        return True


class S3Attic:
    """The versions in that bucket. A place is S3's pair of markers, as JSON."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._s3, self.bucket = client, bucket

    def versions(self, after: str) -> Versions:
        markers = dict(zip(("KeyMarker", "VersionIdMarker"), json.loads(after), strict=True)) if after else {}
        with translated("ListObjectVersions"):
            answer = self._s3.list_object_versions(Bucket=self.bucket, **markers)
        found = tuple(
            Version(each["Key"], each["VersionId"], round(each["LastModified"].timestamp() * 1000), each["Size"])
            for each in answer.get("Versions", [])
        )
        following = [answer.get("NextKeyMarker", ""), answer.get("NextVersionIdMarker", "")]
        return Versions(found, json.dumps(following) if answer["IsTruncated"] else None)

    def remove(self, versions: Sequence[Version]) -> None:
        for start in range(0, len(versions), MOST_REMOVED):
            some = versions[start : start + MOST_REMOVED]
            with translated("DeleteObjects"):
                answer = self._s3.delete_objects(
                    Bucket=self.bucket,
                    Delete={"Objects": [{"Key": each.key, "VersionId": each.id} for each in some], "Quiet": True},
                )
            if errors := answer.get("Errors"):
                raise Retryable("not-removed", f"DeleteObjects: {errors[0].get('Message', errors[0].get('Code'))}")

    def restore(self, key: str) -> bool:
        with translated("undoing a deletion"):
            answer = self._s3.list_object_versions(Bucket=self.bucket, Prefix=key)
            if not any(each["Key"] == key for each in answer.get("Versions", [])):
                return False
            for marker in answer.get("DeleteMarkers", []):
                if marker["Key"] == key:
                    self._s3.delete_object(Bucket=self.bucket, Key=key, VersionId=marker["VersionId"])
        return True
