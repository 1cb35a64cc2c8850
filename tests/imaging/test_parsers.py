"""What we read of files ourselves, in Python, never trips: not over damage, not over lies."""

import contextlib
import struct
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imaging import boxes, ends, tiff
from imaging.credits import texts
from imaging.errors import Rejected
from imaging.formats import FORMATS, foreign, sniff
from imaging.mend import mended
from tests.imaging.drawing import exif, scene, write

SMALL = {format.name: write(scene(16, 16), format.name) for format in FORMATS}


@st.composite
def mutated(draw: st.DrawFn, format: str) -> bytes:
    """A small original with some of its first bytes, where its structure is, written over."""
    original = bytearray(SMALL[format])
    for _ in range(draw(st.integers(1, 6))):
        original[draw(st.integers(0, min(len(original), 700) - 1))] = draw(st.integers(0, 255))
    return bytes(original[: draw(st.integers(0, len(original)))])


@given(st.sampled_from([format.name for format in FORMATS]).flatmap(mutated))
def test_any_file_has_an_end_or_none(original: bytes) -> None:
    for format in FORMATS:
        assert ends.whole(format.name, original) in (True, False)


@given(mutated("heic"))
def test_heic(original: bytes) -> None:
    assert boxes.whole(original) in (True, False)
    assert boxes.sound(original) in (True, False)


@given(mutated("tiff"))
def test_tiff(original: bytes) -> None:
    with contextlib.suppress(Rejected):
        assert tiff.readable(original) is original


@given(mutated("jpeg"))
def test_jpeg(original: bytes) -> None:
    assert len(mended(original)) == len(original)


@pytest.mark.parametrize("keep", range(1, 14))
def test_a_jpeg_that_ends_within_a_scans_header(keep: int) -> None:
    original = write(scene(16, 16), "jpeg")
    cut = original[: original.index(b"\xff\xda") + keep]
    assert mended(cut) == cut


@given(st.binary(max_size=60), st.integers(0, 80))
def test_exif(noise: bytes, keep: int) -> None:
    block = exif(Artist="me", Copyright="mine").removeprefix(b"Exif\0\0")[:keep] + noise
    try:
        assert all(isinstance(text, str) for _, text in texts(block))
    except struct.error:
        assert len(block) < 4096


@given(st.binary(max_size=200))
def test_any_bytes_are_known_or_not(start: bytes) -> None:
    assert sniff(start) is None or foreign(start) in (None, "Canon raw 3 or another ISO media file")


def test_whole_files_are_whole() -> None:
    assert all(ends.whole(name, original) for name, original in SMALL.items())
    assert boxes.sound(SMALL["heic"])
    assert not any(ends.whole(name, original[: len(original) // 2]) for name, original in SMALL.items())


def test_the_end_of_a_preview_is_not_that_of_its_jpeg() -> None:
    whole, preview = SMALL["jpeg"], b"Exif\0\0" + SMALL["jpeg"]
    original = whole[:2] + b"\xff\xe1" + (len(preview) + 2).to_bytes(2) + preview + whole[2:]
    assert ends.whole("jpeg", original)
    assert not ends.whole("jpeg", original[:-2])


def test_no_file_wastes_our_time() -> None:
    """Tens of millions of empty boxes, segments or entries, none of which a camera would write."""
    box = b"\0\0\0\x08free"
    items = b"\1\0\0\0\0\0\xff\xff" + bytes(8_000_000)
    located = struct.pack(">I4s", len(items) + 8, b"iloc") + items
    directory = b"II*\0\x08\0\0\0\xff\xff" + struct.pack("<HHII", 273, 4, 12_000_000, 8) * 65_535 + bytes(48_000_000)
    start = time.process_time()
    assert not boxes.whole(box * 4_000_000)
    assert boxes.whole(struct.pack(">I4sI", len(located) + 12, b"meta", 0) + located) in (True, False)
    assert mended(b"\xff\xd8" + b"\xff\xe0\0\2" * 8_000_000)
    assert tiff.readable(directory) is directory
    assert time.process_time() - start < 2
