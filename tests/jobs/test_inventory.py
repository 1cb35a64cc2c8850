"""Lists of objects as files."""

import json
from pathlib import Path

import pytest

from jobs.backfill import PAGE, Found
from jobs.events import ANY
from jobs.inventory import InventoryInvalid, Rows, manifest, rows
from jobs.source import Source

MANIFEST = {
    "sourceBucket": "originals",
    "fileFormat": "CSV",
    "fileSchema": "Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, ETag",
    "files": [{"key": "data/1.csv.gz", "size": 1, "MD5checksum": ""}, {"key": "data/2.csv.gz"}],
}


def test_a_manifest_names_its_columns_and_its_parts() -> None:
    told = manifest(json.dumps(MANIFEST))
    assert told.parts == ("data/1.csv.gz", "data/2.csv.gz")
    assert told.schema[-2:] == ("Size", "ETag")


@pytest.mark.parametrize("change", [{"fileFormat": "Parquet"}, {"fileSchema": "Key, Size"}, {"files": None}])
def test_what_is_no_inventory_of_csv_is_told(change: dict[str, object]) -> None:
    with pytest.raises(InventoryInvalid):
        manifest(json.dumps(MANIFEST | change))


def test_only_the_latest_versions_that_are_no_delete_markers_are_objects() -> None:
    lines = [
        '"originals","a%20b+c%C3%BC.jpg","3","true","false","12","etag"',
        '"originals","older.jpg","2","false","false","12","etag"',
        '"originals","gone.jpg","4","true","true","0",""',
    ]
    assert list(rows(lines, manifest(json.dumps(MANIFEST)).schema)) == [
        Found(Source("originals", "a b cü.jpg"), "etag", 12)
    ]


def test_a_list_of_ones_own_needs_buckets_and_keys_alone() -> None:
    assert list(rows(["originals,a.jpg", "", "originals,b.jpg,version"])) == [
        Found(Source("originals", "a.jpg"), ANY),
        Found(Source("originals", "b.jpg"), ANY),
    ]


@pytest.mark.parametrize("line", ["originals", ",a.jpg", "originals,"])
def test_a_line_without_a_bucket_or_a_key_is_told_by_its_number(line: str) -> None:
    with pytest.raises(InventoryInvalid, match="line 2"):
        list(rows(["originals,a.jpg", line]))


@pytest.mark.parametrize("said", ["originals,a.jpg,many", "\0", '"' + "a" * 200_000])
def test_what_is_no_csv_is_told(said: str) -> None:
    with pytest.raises(InventoryInvalid):
        list(rows([said], ("Bucket", "Key", "Size")))


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    (tmp_path / "photo.csv").write_bytes(b"\xff\xd8\xff")
    with (tmp_path / "photo.csv").open(encoding="utf-8") as lines, pytest.raises(InventoryInvalid, match="in UTF-8"):
        list(rows(lines))


def test_pages_go_through_all_parts_and_can_begin_anywhere() -> None:
    parts = [[f"originals,{part}-{row}.jpg" for row in range(PAGE + 5)] for part in range(2)]
    whole = Rows([lambda lines=lines: rows(lines) for lines in parts])  # type: ignore[misc]
    places, seen, place = [""], [], ""
    while True:
        listed = whole.page(place)
        seen += listed.found
        if listed.next is None:
            break
        places.append(place := listed.next)
    assert [found.source.key for found in seen] == [line.split(",")[1] for part in parts for line in part]
    fresh = Rows([lambda lines=lines: rows(lines) for lines in parts])  # type: ignore[misc]
    assert fresh.page(places[2]).found == tuple(seen[PAGE + 5 : 2 * PAGE + 5])
