"""s3:// addresses."""

import pytest

from cli.addresses import parted
from cli.complaint import Complaint


@pytest.mark.parametrize(
    ("address", "bucket", "key"),
    [("s3://b", "b", ""), ("s3://b/", "b", ""), ("s3://b/a b/?#.jpg", "b", "a b/?#.jpg"), ("s3://b//a", "b", "/a")],
)
def test_an_address_is_a_bucket_and_whatever_follows_it(address: str, bucket: str, key: str) -> None:
    assert parted(address) == (bucket, key)


@pytest.mark.parametrize("address", ["s3://", "s3:///key", "s3://[x/key", "s3://a b/"])
def test_what_names_no_bucket_is_said(address: str) -> None:
    with pytest.raises(Complaint, match="names no bucket: write it as s3://BUCKET/PREFIX"):
        parted(address)
