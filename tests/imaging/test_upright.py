"""Pictures stand upright, whichever way the camera was held, in every format that can say so; and only once."""

import pytest

from imaging.pipeline import render
from tests.imaging.drawing import SEEN, distance, exif, noise, opened, read, scaled, scene, write
from tests.imaging.hostile.webps import EXIF, canvas, chunk, webp
from tests.imaging.recipes import box, one

STORED = scene(120, 80)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["jpeg", "png", "webp", "tiff"])
def test_exif_turns_the_picture(format: str, orientation: int) -> None:
    rendered = render(write(STORED, format, exif=exif(Orientation=orientation)), one())
    seen = SEEN[orientation](STORED)
    assert distance(read(rendered.images[0].body), seen) < 2
    assert (rendered.original.height, rendered.original.width) == seen.shape[:2]


@pytest.mark.parametrize("prefix", [b"", b"Exif\0\0"])
@pytest.mark.parametrize("before", [b"", chunk(b"ABCD", b"odd")])
@pytest.mark.parametrize("kind", ["lossy", "lossless"])
def test_exif_of_a_webp_is_found_however_it_begins_and_whatever_lies_before_it(
    prefix: bytes, before: bytes, kind: str
) -> None:
    plain = write(STORED, "webp", lossless=kind == "lossless")
    turned = chunk(b"EXIF", prefix + exif(Orientation=6).removeprefix(b"Exif\0\0"))
    original = webp(canvas(EXIF, 120, 80), before, plain[12:], turned)
    assert distance(read(render(original, one()).images[0].body), SEEN[6](STORED)) < 2


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["heic", "avif"])
def test_a_container_that_turns_itself_is_turned_once(format: str, orientation: int) -> None:
    """The writers translate EXIF's orientation into the container's own boxes, which the decoders obey."""
    rendered = render(write(STORED, format, exif=exif(Orientation=orientation)), one())
    assert distance(read(rendered.images[0].body), SEEN[orientation](STORED)) < 3


@pytest.mark.parametrize("orientation", range(1, 9))
def test_reduced_and_turned_at_once(orientation: int) -> None:
    """Odd edges, so that turning before and after scaling would differ if the sizes were not swapped."""
    stored = scene(643, 427)
    seen = SEEN[orientation](stored)
    rendered = render(write(stored, "jpeg", exif=exif(Orientation=orientation)), one("png", box(200))).images[0]
    expected = (200, 133) if seen.shape[1] > seen.shape[0] else (133, 200)
    assert (rendered.width, rendered.height) == expected
    assert distance(read(rendered.body), scaled(seen, *expected)) < 2


@pytest.mark.parametrize("orientation", [0, 9, 77])
def test_nonsense_turns_nothing(orientation: int) -> None:
    rendered = render(write(STORED, "jpeg", exif=exif(Orientation=orientation)), one())
    assert distance(read(rendered.images[0].body), STORED) < 2


@pytest.mark.parametrize("format", ["jpeg", "png", "webp", "avif"])
def test_no_rendition_asks_to_be_turned_again(format: str) -> None:
    for keep in ((), ("copyright",)):
        body = (
            render(write(STORED, "jpeg", exif=exif(Orientation=6, Copyright="me")), one(format, keep=keep))
            .images[0]
            .body
        )
        assert opened(body).getexif().get(0x0112, 1) == 1


def test_damaged_exif_does_not_matter() -> None:
    original = write(noise(40, 30), "jpeg", exif=b"Exif\0\0II*\0\xff\xff\xff\x7f" + bytes(50))
    assert render(original, one()).original.width == 40
