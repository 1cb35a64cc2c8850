"""Where renditions live: immutable keys, made of what was asked, of which bytes, by which code."""

import hashlib
import re

from imaging import formats
from jobs.source import Published, Source, Stored

PLAIN_ETAG = re.compile(r"[0-9a-f]{8,64}(-[0-9]{1,5})?")


def rendition_key(source: Source, published: Published, stored: Stored) -> str:
    """The key of a published rendition, also of one that an earlier render stored and this one kept."""
    return key_for(source, published.etag, stored.digest, stored.engine, stored.name, stored.format)


def key_for(source: Source, etag: str, digest: str, engine: str, name: str, format_name: str) -> str:
    """source id / etag-digest-engine / name and suffix: writing twice writes the same bytes to the same place."""
    suffix = formats.BY_NAME[format_name].suffix
    return f"{source.id}/{_plain(etag)}-{digest}-{engine}/{name}{suffix}"


def _plain(etag: str) -> str:
    """S3 promises only that an etag is opaque; one of another shape goes in by its hash."""
    return etag if PLAIN_ETAG.fullmatch(etag) else hashlib.sha256(etag.encode()).hexdigest()[:32]
