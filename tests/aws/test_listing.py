"""The lists of objects that there are in S3, on a real server."""

import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest

from aws.listing import S3Listings
from jobs.backfill import Found, Listing
from jobs.events import ANY
from jobs.inventory import InventoryInvalid
from jobs.source import Source
from local.endpoint import Endpoint
from tests.embedded import a_name

pytestmark = pytest.mark.embedded

KEYS = ("a/1.jpg", "a/2 ü+.jpg", "a/3.jpg", "a/4.jpg", "a/5.jpg", "b/6.jpg")


@pytest.fixture
def s3(embedded_aws: Endpoint) -> Any:
    return embedded_aws.client("s3")


@pytest.fixture
def bucket(s3: Any) -> str:
    name = a_name()
    s3.create_bucket(Bucket=name)
    for key in KEYS:
        s3.put_object(Bucket=name, Key=key, Body=key.encode())
    return name


def whole(listing: Listing) -> list[Found]:
    found, place = [], ""
    while True:
        page = listing.page(place)
        found += page.found
        if page.next is None:
            return found
        place = page.next


@pytest.mark.parametrize("page", [1, 2, 5, 1000])
def test_a_prefix_is_listed_page_by_page(s3: Any, bucket: str, page: int) -> None:
    found = whole(S3Listings(s3).prefix(bucket, "a/", page))
    assert [one.source for one in found] == [Source(bucket, key) for key in KEYS[:5]]
    etag = s3.head_object(Bucket=bucket, Key="a/1.jpg")["ETag"].strip('"')
    assert (found[0].etag, found[0].bytes) == (etag, 7)


def test_an_empty_prefix_is_one_empty_page(s3: Any, bucket: str) -> None:
    assert whole(S3Listings(s3).prefix(bucket, "c/")) == []


def test_an_inventory_is_read_by_its_manifest(s3: Any, bucket: str) -> None:
    manifest = {"fileFormat": "CSV", "fileSchema": "Bucket, Key, ETag", "files": [{"key": "i/1.gz"}, {"key": "i/2.gz"}]}
    s3.put_object(Bucket=bucket, Key="i/manifest.json", Body=json.dumps(manifest).encode())
    for number, line in enumerate((f'"{bucket}","a/1.jpg","e1"', f'"{bucket}","a/2+%C3%BC%2B.jpg","e2"'), 1):
        s3.put_object(Bucket=bucket, Key=f"i/{number}.gz", Body=gzip.compress(f"{line}\n".encode()))
    assert whole(S3Listings(s3).inventory(bucket, "i/manifest.json")) == [
        Found(Source(bucket, "a/1.jpg"), "e1"),
        Found(Source(bucket, "a/2 ü+.jpg"), "e2"),
    ]


@pytest.mark.parametrize(("key", "packed"), [("keys.csv", bytes), ("keys.csv.gz", gzip.compress)])
def test_a_list_of_ones_own_may_be_packed(s3: Any, bucket: str, key: str, packed: Callable[[bytes], bytes]) -> None:
    s3.put_object(Bucket=bucket, Key=key, Body=packed(f"{bucket},a/1.jpg\n".encode()))
    assert whole(S3Listings(s3).csv(bucket, key)) == [Found(Source(bucket, "a/1.jpg"), ANY)]


@pytest.mark.parametrize("name", ["photo.csv", "photo.csv.gz"])
def test_a_csv_that_is_a_photograph_is_told_by_its_name(s3: Any, bucket: str, name: str) -> None:
    s3.put_object(Bucket=bucket, Key=name, Body=b"\xff\xd8\xff")
    with pytest.raises(InventoryInvalid, match=f"s3://{bucket}/{name} is no CSV in UTF-8"):
        whole(S3Listings(s3).csv(bucket, name))
