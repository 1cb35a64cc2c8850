"""The drawn originals, decoded by Pillow, which had no part in planning them."""

import io
import random
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import pillow_heif
import pytest
from PIL import Image, ImageCms, ImageOps

from cli.samples.draw import SCENES, draw
from cli.samples.files import FRAMES, STYLES
from cli.samples.plan import FORMATS, PLANTED, ROUND, Sample, plan
from cli.samples.spoiled import BOMB_EDGE, SPOILED

SERIAL, GPS, EXIF, ORIENTATION, MAKE = 0xA431, 0x8825, 0x8769, 0x0112, 0x010F

pillow_heif.register_heif_opener()


def small(style: str, orientation: int = 1, seed: int = 7) -> Sample:
    return Sample("x", "bokeh", style, 150, 100, orientation, seed)


drawn = cache(draw)


def opened(sample: Sample) -> Image.Image:
    image = Image.open(io.BytesIO(drawn(sample)))
    image.load()
    return image


def test_a_longer_plan_begins_with_the_shorter_one() -> None:
    assert plan(200, seed=3)[:40] == plan(40, seed=3)


def test_another_seed_is_another_plan() -> None:
    assert plan(20, seed=1) != plan(20, seed=2)


def test_sixty_samples_show_every_format_every_scene_and_every_orientation() -> None:
    samples = plan(60, seed=1)
    assert {sample.style for sample in samples} == set(FORMATS) == set(STYLES)
    assert {sample.scene for sample in samples} == set(ROUND) == set(SCENES)
    assert {sample.orientation for sample in samples} == set(range(1, 9))
    assert Counter(sample.format for sample in samples).most_common(1)[0][0] == "jpeg"


def test_most_samples_have_3_to_12_megapixels() -> None:
    pixels = [sample.width * sample.height / 1e6 for sample in plan(100, seed=1)]
    assert max(pixels) < 12.5
    assert sum(count > 2.5 for count in pixels) > 90


def test_no_two_samples_have_one_name() -> None:
    names = [sample.name for sample in plan(500, seed=1)] + [planted.name for planted in PLANTED]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize(("width", "height"), [(150, 100), (100, 150), (97, 61)])
def test_every_scene_fills_any_shape_and_shows_something(scene: str, width: int, height: int) -> None:
    image = opened(Sample("x", scene, "png", width, height, 1, 11))
    assert image.size == (width, height)
    assert len(set(image.convert("L").resize((16, 16)).tobytes())) > 20


@pytest.mark.parametrize("style", STYLES)
def test_a_file_is_of_the_format_and_the_size_that_its_plan_says(style: str) -> None:
    image = opened(small(style))
    assert image.format is not None
    assert image.format.replace("MPO", "JPEG") == STYLES[style].format
    assert image.size == (150, 100)


@pytest.mark.parametrize("style", STYLES)
def test_the_same_sample_is_the_same_bytes_every_time(style: str) -> None:
    assert draw(small(style)) == drawn(small(style))


def test_another_seed_is_another_picture() -> None:
    assert drawn(small("jpeg")) != drawn(small("jpeg", seed=8))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("style", ["jpeg", "webp", "png"])
def test_turned_upright_every_orientation_shows_the_same_picture(style: str, orientation: int) -> None:
    straight, turned = opened(small(style)), opened(small(style, orientation))
    assert turned.getexif()[ORIENTATION] == orientation
    assert turned.size == ((100, 150) if orientation > 4 else (150, 100))
    assert difference(ImageOps.exif_transpose(turned), straight) < 6


@pytest.mark.parametrize("style", ["tiff", "avif"])
def test_formats_that_pillow_turns_by_itself_come_out_upright(style: str) -> None:
    assert difference(ImageOps.exif_transpose(opened(small(style, 6))), opened(small(style))) < 6


def difference(one: Image.Image, other: Image.Image) -> float:
    """Mean difference of their pixels, of 255."""
    assert one.size == other.size
    pairs = zip(one.convert("RGB").tobytes(), other.convert("RGB").tobytes(), strict=True)
    return sum(abs(a - b) for a, b in pairs) / (one.width * one.height * 3)


@pytest.mark.parametrize("style", [style for style, row in STYLES.items() if row.exif])
def test_a_sample_says_who_took_it_with_what_and_where(style: str) -> None:
    exif = Image.open(io.BytesIO(drawn(small(style)))).getexif()
    assert exif[MAKE]
    assert exif.get_ifd(EXIF)[SERIAL].startswith("SN")
    assert set(exif.get_ifd(GPS)) == {1, 2, 3, 4}


def test_the_styles_are_what_they_are_called() -> None:
    assert opened(small("jpeg-progressive")).info["progressive"]
    assert opened(small("jpeg-grey")).mode == "L"
    assert opened(small("jpeg-cmyk")).mode == "CMYK"
    assert opened(small("png-alpha")).convert("RGBA").getextrema()[3] == (0, 255)
    assert opened(small("webp-alpha")).convert("RGBA").getextrema()[3] == (0, 255)
    assert getattr(opened(small("gif-animated")), "n_frames", 1) == FRAMES


def test_the_wide_profile_is_display_p3() -> None:
    profile = ImageCms.ImageCmsProfile(io.BytesIO(opened(small("jpeg-p3")).info["icc_profile"]))
    assert ImageCms.getProfileDescription(profile).strip() == "Display P3"
    red = Image.new("RGB", (1, 1), (255, 0, 0))
    to_p3 = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), profile, "RGB", "RGB")
    converted = ImageCms.applyTransform(red, to_p3)
    assert converted is not None
    # sRGB's red in Display P3, as Apple publishes it.
    assert converted.getpixel((0, 0)) == pytest.approx((234, 51, 35), abs=2)


@pytest.fixture(scope="module")
def spoiled() -> dict[str, bytes]:
    jpeg = drawn(replace(small("jpeg"), width=300, height=200))
    return {name: spoil(jpeg) for name, spoil in SPOILED.items()}


def test_every_planted_file_is_made(spoiled: dict[str, bytes]) -> None:
    assert set(spoiled) == {planted.name for planted in PLANTED}


def test_the_bomb_is_small_and_really_holds_its_pixels(spoiled: dict[str, bytes]) -> None:
    bomb = spoiled["planted/bomb.png"]
    assert len(bomb) < 300_000
    (header, data, end) = chunks(bomb)
    assert header[1][:8] == BOMB_EDGE.to_bytes(4, "big") * 2
    assert inflated(data[1]) == (BOMB_EDGE // 8 + 1) * BOMB_EDGE
    assert end == (b"IEND", b"")


def chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 8
    while at < len(png):
        length = int.from_bytes(png[at : at + 4], "big")
        kind, body = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        assert zlib.crc32(kind + body) == int.from_bytes(png[at + 8 + length : at + 12 + length], "big")
        yield kind, body
        at += 12 + length


def inflated(data: bytes) -> int:
    """How many bytes it unpacks to, a little at a time."""
    inflate, count = zlib.decompressobj(), 0
    while not inflate.eof:
        count += len(inflate.decompress(data, 1 << 20))
        data = inflate.unconsumed_tail
    return count


def test_the_cut_jpeg_begins_well_and_ends_early(spoiled: dict[str, bytes]) -> None:
    image = Image.open(io.BytesIO(spoiled["planted/cut-short.jpg"]))
    with pytest.raises(OSError, match="truncated"):
        image.load()


@pytest.mark.parametrize("name", ["planted/letter.jpg", "planted/drawing.png", "planted/nothing.jpg"])
def test_the_other_planted_files_are_no_images(spoiled: dict[str, bytes], name: str) -> None:
    with pytest.raises(OSError, match="cannot identify"):
        Image.open(io.BytesIO(spoiled[name]))


def test_grain_and_scenes_use_no_generator_but_their_own() -> None:
    random.seed(2)
    assert draw(small("jpeg")) == drawn(small("jpeg"))
