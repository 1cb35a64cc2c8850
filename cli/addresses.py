"""s3:// addresses, as the AWS tools write them."""

import re

from cli.complaint import Complaint

SCHEME = "s3://"
BUCKET = re.compile(r"[A-Za-z0-9._-]{1,255}")
"""What boto3 lets through; which of these are names of buckets is S3's to say."""


def parted(address: str) -> tuple[str, str]:
    """Bucket, and key or prefix, which may be empty. Raises Complaint."""
    bucket, _, key = address.removeprefix(SCHEME).partition("/")
    if not BUCKET.fullmatch(bucket):
        raise Complaint(f"{address} names no bucket: write it as s3://BUCKET/PREFIX")
    return bucket, key
