"""S3, for whoever brings originals and takes them away: presigned forms, single puts, listings and deletions."""

from typing import TYPE_CHECKING
from urllib.parse import quote

from aws.errors import translated
from aws.versions import erase_key
from jobs.backfill import Found, Listed
from jobs.ports import Form
from jobs.source import Source

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

NAME_KEPT = 80
"""Characters of a file's name that go along as metadata; as bytes in a URL's spelling half of what S3 takes."""


class S3Uploads:
    """The bucket of originals."""

    def __init__(self, client: "S3Client", bucket: str, signer: "S3Client | None" = None) -> None:
        """`signer`: signs the forms; `client` when not given."""
        self._s3, self._bucket, self._signer = client, bucket, signer or client

    def form(self, source: Source, *, content_type: str, size: int, name: str, seconds: int) -> Form:
        """SigV4. Every field is a condition of the policy too, so that none can be changed, left out or added."""
        fields = {"Content-Type": content_type, "x-amz-meta-name": _plain(name), "success_action_status": "201"}
        with translated("presigning"):
            form = self._signer.generate_presigned_post(
                source.bucket,
                source.key,
                Fields=dict(fields),
                Conditions=[*({field: value} for field, value in fields.items()), ["content-length-range", size, size]],
                ExpiresIn=seconds,
            )
        return Form(form["url"], form["fields"])

    def put(self, source: Source, body: bytes, *, content_type: str, name: str) -> None:
        with translated("PutObject"):
            self._s3.put_object(
                Bucket=source.bucket,
                Key=source.key,
                Body=body,
                ContentType=content_type,
                Metadata={"name": _plain(name)},
            )

    def page(self, prefix: str, after: str, most: int) -> Listed:
        start = {"StartAfter": after} if after else {}
        with translated("ListObjectsV2"):
            answer = self._s3.list_objects_v2(Bucket=self._bucket, Prefix=prefix, MaxKeys=most, **start)  # type: ignore[arg-type]
        found = tuple(
            Found(Source(self._bucket, there["Key"]), there["ETag"].strip('"'), there["Size"])
            for there in answer.get("Contents", [])
        )
        return Listed(found, found[-1].source.key if answer.get("IsTruncated") and found else None)

    def delete(self, source: Source) -> None:
        with translated("DeleteObject"):
            self._s3.delete_object(Bucket=source.bucket, Key=source.key)

    def erase(self, source: Source) -> None:
        erase_key(self._s3, source.bucket, source.key)


def _plain(name: str) -> str:
    """A name as a header carries it: in a URL's spelling."""
    return quote(name[:NAME_KEPT], errors="replace")
