"""What originals and renditions promise."""

import boto3
import pytest

from jobs.errors import Retryable
from jobs.ports import Absent, NotModified, Version
from jobs.source import Source
from tests.contracts.conftest import RENDITIONS, Ground
from tests.fakes import etag_of

BODY = b"the bytes of an original"


def test_the_current_object_is_fetched_with_its_etag_and_size(ground: Ground, unique: str) -> None:
    source = Source(ground.bucket, f"{unique}/Größe 1+2/\u2028<b>.jpg")
    ground.upload(source, BODY)
    content = ground.originals.fetch(source)
    assert not isinstance(content, NotModified | Absent)
    assert (content.etag, content.size, content.read()) == (etag_of(BODY), len(BODY), BODY)  # type: ignore[union-attr]


def test_an_object_with_the_etag_that_is_known_is_not_modified(ground: Ground, unique: str) -> None:
    source = Source(ground.bucket, unique)
    ground.upload(source, BODY)
    assert ground.originals.fetch(source, unless=etag_of(BODY)) == NotModified()
    assert not isinstance(ground.originals.fetch(source, unless=etag_of(b"other")), NotModified)


def test_what_is_not_there_is_absent(ground: Ground, unique: str) -> None:
    assert ground.originals.fetch(Source(ground.bucket, unique)) == Absent()
    assert ground.originals.fetch(Source(ground.bucket, unique), unless="abc") == Absent()


def test_a_rendition_is_read_back_byte_for_byte(ground: Ground, unique: str) -> None:
    ground.renditions.put(f"{unique}/small.webp", BODY, "image/webp")
    ground.renditions.put(f"{unique}/small.webp", BODY, "image/webp")
    assert ground.renditions.get(f"{unique}/small.webp") == BODY


def test_every_cache_may_keep_a_rendition_for_ever(on_moto: Ground, unique: str) -> None:
    """Its key never names other bytes."""
    on_moto.renditions.put(unique, BODY, "image/webp")
    head = on_moto.other_side.s3.head_object(Bucket=RENDITIONS, Key=unique)
    assert (head["CacheControl"], head["ContentType"]) == ("public, max-age=31536000, immutable", "image/webp")


def test_a_missing_bucket_is_never_taken_for_a_deletion(on_moto: Ground) -> None:
    with pytest.raises(Retryable, match="no-such-bucket"):
        on_moto.originals.fetch(Source("no-such-bucket-here", "a.jpg"))


def versions(ground: Ground, prefix: str) -> list[Version]:
    """All of one test's, however many pages they take."""
    found: list[Version] = []
    place: str | None = ""
    while place is not None:
        page = ground.attic.versions(place)
        found, place = [*found, *page.found], page.next
    return [version for version in found if version.key.startswith(prefix)]


def test_each_put_of_a_key_is_a_version_and_only_the_one_that_is_named_goes(ground: Ground, unique: str) -> None:
    key = f"{unique}/small.webp"
    ground.renditions.put(key, BODY, "image/webp")
    (first,) = versions(ground, unique)
    ground.renditions.put(key, BODY, "image/webp")
    ground.attic.remove([first])
    (second,) = versions(ground, unique)
    assert (second.key, second.bytes) == (key, len(BODY))
    assert second.id != first.id
    assert ground.renditions.get(key) == BODY


def test_a_key_whose_every_version_was_removed_is_there_no_more(ground: Ground, unique: str) -> None:
    keys = [f"{unique}/{number}.webp" for number in range(12)]
    for key in keys:
        ground.renditions.put(key, BODY, "image/webp")
    assert all(ground.renditions.has(key) for key in keys)
    ground.attic.remove(versions(ground, unique))
    assert versions(ground, unique) == []
    assert not any(ground.renditions.has(key) for key in keys)
    assert not ground.attic.restore(keys[0])


def test_a_rendition_that_somebody_deleted_is_brought_back(on_moto: Ground, unique: str) -> None:
    key = f"{unique}/small.webp"
    on_moto.renditions.put(key, BODY, "image/webp")
    boto3.client("s3").delete_object(Bucket=RENDITIONS, Key=key)
    assert not on_moto.renditions.has(key)
    assert on_moto.attic.restore(key)
    assert on_moto.renditions.get(key) == BODY
