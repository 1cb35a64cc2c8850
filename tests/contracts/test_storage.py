"""What originals and renditions promise."""

import pytest

from jobs.errors import Retryable
from jobs.ports import Absent, NotModified
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
