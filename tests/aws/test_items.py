"""Records on the wire: complete, and small enough to cost one write unit."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from aws.items import Item, marshal, published_item, record_of, shard, unmarshal, why_and_when
from jobs.source import Made, Published, Seen, Source, State, Stored, Used

ONE_WRITE_UNIT = 1024
SOURCE = Source(
    "safelight-originals-123456789012-eu-central-1", "albums/2026/11/Urlaub in Zürich/IMG_20261125_100000.jpg"
)
DIGEST, ENGINE = "956196db37e8910209e2e2b362a65761", "0.1.0-vips8.18.7-x86_64"
RENDITIONS = tuple(
    Stored(name, format, 2048, 1536, 807_989, "2c260772", DIGEST, ENGINE)
    for name, format in (("large", "jpeg"), ("medium", "jpeg"), ("small", "jpeg"), ("thumb", "webp"))
)
MADE = Made("jpeg", 4000, 3000, 4_030_142, "ab" * 32, "WhgOFYSwopWHh4eIiIiIdwyI6nCY", 423, "libvips", "smart-crop")
PUBLISHED = Published(
    etag="e64b6b570cc7a40e75fcd45f5a083ba2-12",
    digest=DIGEST,
    engine=ENGINE,
    revision=123,
    at=1_795_635_380_283,
    renditions=RENDITIONS,
    made=MADE,
    version="L4kqtJlcpXroDTDmpUMLUo.Rb9zqXrUo",
    used=Used(gets=1, puts=4, writes=12, calls_thousandths=2_400),
)


def item(published: Published) -> Item:
    return marshal(
        {
            "pk": SOURCE.id,
            "b": SOURCE.bucket,
            "k": SOURCE.key,
            "st": State.DONE,
            "f": 7,
            "h": "6d84f35bbf5e",
            "v": 123,
            "a": 0,
            "u": 1_795_635_380_283,
            "p": published_item(published),
        }
    )


def size(value: Any) -> int:
    """Bytes as DynamoDB counts them: names and values, 3 for a list or map and 1 for each element in it."""
    if isinstance(value, dict):
        return 3 + sum(len(name.encode()) + 1 + size(inner) for name, inner in value.items())
    if isinstance(value, list | tuple):
        return 3 + sum(1 + size(inner) for inner in value)
    if isinstance(value, bool):
        return 1
    if isinstance(value, Decimal | int):
        return (len(str(value)) + 1) // 2 + 1
    return len(value.encode() if isinstance(value, str) else bytes(value))


def test_a_published_set_comes_back_as_it_went() -> None:
    kept = replace(PUBLISHED, renditions=(*RENDITIONS[:3], replace(RENDITIONS[3], digest="older", engine="older")))
    for published in (PUBLISHED, kept, replace(PUBLISHED, made=replace(MADE, why=""), used=None)):
        assert record_of(item(published)).published == published


def test_four_renditions_fit_into_one_write_unit() -> None:
    assert size(unmarshal(item(PUBLISHED))) < ONE_WRITE_UNIT


def test_faults_are_sorted_by_reason_and_then_by_time() -> None:
    written = [("corrupt", 9), ("corrupt", 1_795_635_380_283), ("truncated", 8), ("truncated-twice", 7)]
    assert sorted(why_and_when(*each) for each in written) == [why_and_when(*each) for each in written]


def test_faults_are_spread_over_shards_that_name_their_state() -> None:
    shards = {shard(Source("b", str(number)), State.REJECTED) for number in range(1000)}
    assert shards == {f"rejected#{number}" for number in range(8)}


def test_what_was_seen_comes_back() -> None:
    names = tuple((f"Label {number}", 90 + number) for number in range(3))
    for seen in (Seen("5 1 80", names, names[:1]), Seen("0 1 60"), Seen("5 0 80", failed="throttled")):
        published = replace(PUBLISHED, seen=seen)
        assert record_of(item(published)).published == published
