"""A damaged original is refused and said to be so: nothing is ever published half, grey or garbled."""

import random
import struct

import pytest
from PIL import Image

from imaging.damage import blame
from imaging.errors import Reason, Rejected
from imaging.formats import BY_NAME
from imaging.mend import WHOLE_SPECTRUM, mended
from imaging.pipeline import render
from imaging.recipe import Recipe
from tests.imaging.drawing import FORMATS, noise, scene, write
from tests.imaging.recipes import box, one

SMALL = one("webp", box(64))

KINDS: dict[str, tuple[str, dict[str, object]]] = {
    **{format: (format, {}) for format in FORMATS},
    "progressive jpeg": ("jpeg", {"progressive": True}),
    "jpeg with restarts": ("jpeg", {"restart_marker_blocks": 3}),
    "lossless webp": ("webp", {"lossless": True}),
    "lzw tiff": ("tiff", {"compression": "tiff_lzw"}),
    "deflated tiff": ("tiff", {"compression": "tiff_adobe_deflate"}),
}

#: Kinds in which every byte is covered by a checksum, or nearly.
CHECKED = ("png", "avif")


def drawn(kind: str) -> bytes:
    """An original of that kind, with enough texture that its bytes are mostly picture."""
    format, options = KINDS[kind]
    pixels = scene(300, 220) // 2 + noise(300, 220) // 4
    return write(pixels, format, **options)


def refused(original: bytes, recipe: Recipe = SMALL) -> Reason | None:
    """Why it is refused, if it is."""
    try:
        render(original, recipe)
    except Rejected as rejected:
        return rejected.reason
    return None


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_is_cut_anywhere_is_refused(kind: str) -> None:
    """At any of 49 places, but for the last bytes of a file, after which no pixel follows."""
    original = drawn(kind)
    reasons = {refused(original[: len(original) * cut // 50]) for cut in range(1, 50)}
    assert reasons <= {Reason.TRUNCATED, Reason.CORRUPT, Reason.NOT_AN_IMAGE, Reason.UNSUPPORTED_TYPE}
    assert Reason.TRUNCATED in reasons


@pytest.mark.parametrize("format", FORMATS)
def test_what_is_all_there_and_makes_no_sense_is_called_corrupt(format: str) -> None:
    original = write(scene(), format)
    assert blame("no sense", original, BY_NAME[format]) is Reason.CORRUPT
    assert blame("no sense", original[: len(original) // 2], BY_NAME[format]) is Reason.TRUNCATED
    assert blame("too large", original, BY_NAME[format]) is Reason.TOO_MUCH_MEMORY


@pytest.mark.parametrize("kind", [kind for kind in KINDS if "tiff" not in kind])
def test_a_file_that_lacks_its_second_half_is_called_truncated(kind: str) -> None:
    original = drawn(kind)
    assert refused(original[: len(original) // 2]) is Reason.TRUNCATED


@pytest.mark.parametrize("kind", KINDS)
def test_a_flipped_bit_is_refused_or_the_picture_is_whole(kind: str) -> None:
    """Where a format has no checksum a flip may pass for picture; it never makes anything but a rejection."""
    original, chance = drawn(kind), random.Random(5)
    verdicts = []
    for _ in range(60):
        damaged = bytearray(original)
        damaged[chance.randrange(len(original))] ^= 1 << chance.randrange(8)
        verdicts.append(refused(bytes(damaged)))
    if kind in CHECKED:
        assert verdicts.count(None) <= 10


@pytest.mark.parametrize("kind", ["jpeg with restarts", "png", "gif", "avif", "heic", "lzw tiff"])
def test_a_hole_in_the_picture_is_noticed(kind: str) -> None:
    """As a failed disk or a broken upload leaves it: a stretch of zeros in the middle."""
    original = drawn(kind)
    holes = [len(original) * place // 10 for place in range(3, 9)]
    assert None not in [refused(original[:at] + bytes(400) + original[at + 400 :]) for at in holes]


@pytest.mark.parametrize("kind", KINDS)
def test_random_bytes_after_a_magic_number_are_refused(kind: str) -> None:
    original = drawn(kind)[:32] + random.Random(1).randbytes(4000)
    assert refused(original) in {Reason.CORRUPT, Reason.TRUNCATED, Reason.TOO_MANY_PIXELS, Reason.TOO_MUCH_MEMORY}


def test_a_png_that_lies_about_its_size_is_refused() -> None:
    import zlib

    original = bytearray(write(noise(50, 50), "png"))
    original[16:24] = struct.pack(">II", 50, 500)
    original[29:33] = struct.pack(">I", zlib.crc32(original[12:29]))
    assert refused(bytes(original)) is Reason.CORRUPT


def test_a_jpeg_that_lies_about_its_size_is_refused() -> None:
    original = bytearray(write(noise(64, 64), "jpeg"))
    at = original.index(b"\xff\xc0")
    original[at + 5 : at + 7] = struct.pack(">H", 640)
    assert refused(bytes(original)) in {Reason.CORRUPT, Reason.TRUNCATED}


@pytest.mark.parametrize("format", ["jpeg", "png", "gif", "webp"])
def test_what_follows_the_end_of_a_picture_does_not_matter(format: str) -> None:
    """Phones append videos and depth maps."""
    assert refused(write(scene(), format) + b"MotionPhoto_Data" + bytes(1000)) is None


def test_private_tags_in_a_tiff_do_not_matter() -> None:
    """Strict as we read TIFF, a tag that libtiff does not know is no damage: every editor writes some."""
    from PIL import TiffImagePlugin

    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[65_000] = "private"
    assert refused(write(scene(), "tiff", tiffinfo=tags)) is None


# Slips of real cameras


def slipped(original: bytes) -> bytes:
    """A JPEG as some Samsung phones write it: its scan does not say what it holds."""
    at = original.index(b"\xff\xda")
    parameters = at + 5 + 2 * original[at + 4]
    assert original[parameters : parameters + 3] == WHOLE_SPECTRUM
    return original[:parameters] + bytes(3) + original[parameters + 3 :]


def test_a_samsung_slip_is_let_through_by_name() -> None:
    original = write(scene(300, 220), "jpeg")
    whole, slip = (render(each, SMALL) for each in (original, slipped(original)))
    assert slip.images == whole.images
    assert slip.original.blake3 != whole.original.blake3, "the fingerprint is of what was uploaded"


def test_a_samsung_slip_hides_no_other_fault() -> None:
    original = slipped(drawn("jpeg with restarts"))
    middle = len(original) // 2
    assert refused(original[:middle] + bytes(400) + original[middle + 400 :]) is Reason.CORRUPT
    assert refused(original[:middle]) is Reason.TRUNCATED


@pytest.mark.parametrize(
    "options", [{}, {"progressive": True}, {"restart_marker_blocks": 3}, {"exif": b"Exif\0\0\xff\xda\0\0"}]
)
def test_a_good_jpeg_is_not_touched(options: dict[str, object]) -> None:
    original = write(scene(), "jpeg", **options)
    assert mended(original) is original


@pytest.mark.parametrize(
    "tail", [b"", b"\xff", b"\xff\xd9", b"\xff\xda", b"\xff\xda\0\x02", b"\xff\xff\xff\xe0\0\0", bytes(9)]
)
def test_mending_never_trips(tail: bytes) -> None:
    start = write(scene(), "jpeg")[:200]
    for length in range(2, 200, 7):
        assert isinstance(mended(start[:length] + tail), bytes)


def test_every_scan_of_a_slipped_jpeg_is_mended() -> None:
    """A sequential JPEG may have a scan for each colour."""
    scan = b"\xff\xda\0\x08\1\1\0\0\0\0" + b"picture\xff\0more\xff\xd0"
    original = b"\xff\xd8\xff\xc0\0\x0b\x08\0\x08\0\x08\1\1\x11\0" + scan * 3 + b"\xff\xd9"
    assert mended(original).count(WHOLE_SPECTRUM) == 3
    assert len(mended(original)) == len(original)


def test_a_progressive_jpeg_that_the_core_leaves_to_libvips_needs_all_of_its_scans() -> None:
    """Properly closed, but for one bit of luma."""
    original = write(Image.fromarray(scene()).convert("CMYK"), "jpeg", progressive=True)
    assert refused(original) is None
    assert refused(original[: original.rindex(b"\xff\xda")] + b"\xff\xd9") is Reason.TRUNCATED


@pytest.mark.parametrize("format", ["gif", "webp"])
def test_an_animation_that_is_cut_short_is_refused_or_its_first_frame_is_whole(format: str) -> None:
    frames = [Image.fromarray(scene(seed=seed)) for seed in range(3)]
    original = write(frames[0], format, save_all=True, append_images=frames[1:])
    whole = render(original, SMALL).images
    for cut in range(1, 20):
        part = original[: len(original) * cut // 20]
        assert refused(part) is not None or render(part, SMALL).images == whole


@pytest.mark.parametrize("kind", ["jpeg", "progressive jpeg", "jpeg with restarts"])
def test_a_hole_in_a_scan_is_refused_whichever_path_serves_the_recipe(kind: str) -> None:
    """libvips alone shows most of them as if nothing were missing."""
    original = drawn(kind)
    starts = [len(original) * cut // 50 for cut in range(10, 40)]
    holes = [original[:start] + original[start + 400 :] for start in starts]
    by_the_core = [hole for hole in holes if refused(hole)]
    assert len(by_the_core) > 0.9 * len(holes)
    assert all(refused(hole, one("avif", box(64))) for hole in by_the_core)
