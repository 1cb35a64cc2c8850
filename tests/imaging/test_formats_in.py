"""Every format comes in, in every shape that cameras, phones and designers make of it."""

import base64
import io
import struct

import numpy as np
import pytest
import pyvips
from PIL import Image, ImageOps

from imaging.errors import Reason, Rejected
from imaging.pipeline import render
from imaging.recipe import Recipe
from tests.imaging.drawing import FORMATS, Pixels, distance, opened, preview, read, scaled, scene, write
from tests.imaging.recipes import box, one, several

WHOLE = one("png")

ARITHMETIC = {
    "sequential": base64.b64decode(
        "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAUDBAQEAwUEBAQFBQUGBwwIBwcHBw8LCwkMEQ8SEhEPERETFhwXExQaFRERGCEYGh0dHx8fExci"
        "JCIeJBweHx7/2wBDAQUFBQcGBw4ICA4eFBEUHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh7/yQAR"
        "CAAkADADAREAAhEBAxEB/8wACgAQEAUBEBEF/9oADAMBAAIRAxEAPwD/ANI3L6l3wJ7q0zjxGruNN6rabLuEU+PGiNkIJ4lH4k3xBQ2sctYv"
        "movVpkU+O1MU/EyODuaS3OpKXXicuj01j+HpC4EWbNLSUwuXvNRlRcM5M7dzfayxVHdtQfcOzh6HTg/5/ghSa2l6Ayu9PZc19opIamjFiNUJ"
        "ssa0ha5wPrRNihf5TXngFi22UPJn4UIhqy/q8l6jC5DXQ9xMkKTVy6Kw6MqrNxV7LC+DNc8D9ztmVP55pc89nLyRpy+FOfzOq6ZWhP8Ajido"
        "FfSOP1DJqKtE4jhajBFfybrcoPOgq1oupK3pVXf7GzTKD14uuq6KB8/oYvk1U1XzxUvQMtHpMhvRXdMkbDfjVQbRuNwoXRzzJy9LxF+lXc3m"
        "jJcsQKdxBwVNEpYWWNVRYZq278WzTxPWiDaynG78J1aicCPHB+z29rKtFvR8ziRdKUhRpQTnfZriUC19akT/2Q=="
    ),
    "progressive": base64.b64decode(
        "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAUDBAQEAwUEBAQFBQUGBwwIBwcHBw8LCwkMEQ8SEhEPERETFhwXExQaFRERGCEYGh0dHx8fExci"
        "JCIeJBweHx7/2wBDAQUFBQcGBw4ICA4eFBEUHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh7/ygAR"
        "CAAkADADAREAAhEBAxEB/8wABgAQARD/2gAMAwEAAhADEAAAAf8ApHhnqn3JoQI2o0QeMNpTvoKP+sMyLvqgT1L+T8mt8i73qGkUJxWLdeSA"
        "U+QaNBaF/Fp0ffiDWDM6kMt9+VVO4ZoZMyXEfKPE1G+ammJ5pj9b0p7/zAAEEAX/2gAIAQEAAQUCHqkcsaPaDxJLEl5AfDRPfL3U9V1HPm+N"
        "LngzyWs8APlFdID/zAAEEQX/2gAIAQMBAT8BGnUxh0/xCqf39QgbISDpsljQKvPcJUbDx2TdQZM+ndIyZlj/zAAEEQX/2gAIAQIBAT8BjosR"
        "k4k/GPaMMI11RtsQtbKj2Il2fJolGNdGOgm9h1EQM9fiarghOyTrpBYkWw0E/8wABBAF/9oACAEBAAY/ArD/zAAEEAX/2gAIAQEAAT8hpjxZ"
        "BtgAXo8RkXnXFKEB4DIAHG0o/9oADAMBAAIAAwAAABDmWT1I/P10kzSujcD/zAAEEQX/2gAIAQMBAT8QGdmMZuHAeTC0xD5c/Yz/zAAEEQX/"
        "2gAIAQIBAT8QoAm7O2pOLcixbsbRC+vgITatwK9EAlpB8s6g6kWUcA6nVVmCqcjky/z/zAAEEAX/2gAIAQEAAT8QeDDJVFRUrqMjsoD26XIT"
        "3pdX5cLxDvMnTH04+aunPTEoD//Z"
    ),
}
"""The scene of 48 x 36 pixels, as `cjpeg -arithmetic -quality 85 -sample 1x1 [-progressive]` writes it."""


def pixels(original: bytes, recipe: Recipe = WHOLE) -> Pixels:
    """The first rendition of an original, decoded by another decoder."""
    return read(render(original, recipe).images[0].body)


@pytest.mark.parametrize("format", FORMATS)
def test_a_picture_looks_the_same_in_every_format(format: str) -> None:
    seen = pixels(write(scene(), format))
    assert distance(seen, scene()) < (4 if format == "gif" else 2)


@pytest.mark.parametrize("format", FORMATS)
def test_the_original_is_described(format: str) -> None:
    original = write(scene(), format)
    about = render(original, WHOLE).original
    assert (about.format, about.width, about.height, about.bytes) == (format, 160, 120, len(original))
    assert len(about.blake3) == 64
    assert 5 <= preview(about.thumbhash) <= 25


@pytest.mark.parametrize("format", FORMATS)
def test_a_reduced_picture_matches_another_scaler(format: str) -> None:
    seen = pixels(write(scene(640, 480), format), one("png", box(200)))
    assert distance(seen, scaled(scene(640, 480), 200, 150)) < (5 if format == "gif" else 2)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("size", [(1, 1), (1, 40), (40, 1), (3, 5), (17, 31)])
def test_tiny_and_odd_sizes_come_through(format: str, size: tuple[int, int]) -> None:
    images = render(write(scene(*size), format), several(*one("jpeg", box(8)).renditions)).images
    assert opened(images[0].body).size == (images[0].width, images[0].height)


@pytest.mark.parametrize(
    ("mode", "format"),
    [
        ("L", "jpeg"),
        ("L", "heic"),
        ("L", "avif"),
        ("LA", "heic"),
        ("LA", "avif"),
        ("LA", "webp"),
        ("L", "png"),
        ("L", "tiff"),
        ("LA", "png"),
        ("1", "png"),
        ("1", "tiff"),
        ("P", "png"),
        ("P", "tiff"),
    ],
)
def test_grey_one_bit_and_palette_pictures_become_rgb(mode: str, format: str) -> None:
    image = Image.fromarray(scene()).convert(mode)
    seen = pixels(write(image, format), one("png"))
    assert seen.shape[2] in ((3, 4) if mode == "LA" else (3,))
    assert distance(seen[..., :3], np.asarray(image.convert("RGB"))) < 2


@pytest.mark.parametrize("transparency", [0, 3])
def test_a_palette_with_a_transparent_colour_keeps_it(transparency: int) -> None:
    image = Image.fromarray(scene()).quantize(16)
    seen = pixels(write(image, "png", transparency=transparency))
    expected = np.asarray(opened(write(image, "png", transparency=transparency)).convert("RGBA"))
    assert np.array_equal(seen[..., 3], expected[..., 3])
    visible = expected[..., 3] > 0
    assert np.array_equal(seen[visible], expected[visible])


@pytest.mark.parametrize("bands", [1, 2, 3, 4])
@pytest.mark.parametrize("format", ["png", "tiff"])
def test_sixteen_bits_become_eight(bands: int, format: str) -> None:
    stored = np.random.default_rng(3).integers(0, 65_536, (30, 40, bands), np.uint16)
    image = pyvips.Image.new_from_array(stored).copy(interpretation="rgb16" if bands > 2 else "grey16")
    seen = pixels(image.write_to_buffer(".png" if format == "png" else ".tif"))
    expected = stored >> 8 if bands > 2 else np.concatenate([stored[..., :1] >> 8] * 3 + [stored[..., 1:] >> 8], -1)
    assert distance(seen, expected) <= 1


@pytest.mark.parametrize(
    "options", [{"progressive": True}, {"subsampling": 0}, {"subsampling": 1}, {"restart_marker_blocks": 2}]
)
def test_jpeg_in_every_layout(options: dict[str, int]) -> None:
    assert distance(pixels(write(scene(), "jpeg", **options)), scene()) < 2


def test_an_interlaced_png_is_read() -> None:
    image = pyvips.Image.new_from_array(scene()).copy(interpretation="srgb")
    assert distance(pixels(image.pngsave_buffer(interlace=True)), scene()) == 0


@pytest.mark.parametrize(
    "options",
    [
        {"compression": "lzw"},
        {"compression": "deflate"},
        {"tile": True},
        {"pyramid": True, "tile": True},
        {"bigtiff": True},
        {"compression": "jpeg", "Q": 95},
        {"predictor": "horizontal", "compression": "lzw"},
    ],
)
def test_tiff_in_every_layout(options: dict[str, object]) -> None:
    image = pyvips.Image.new_from_array(scene()).copy(interpretation="srgb")
    assert distance(pixels(image.tiffsave_buffer(**options)), scene()) < 2


@pytest.mark.parametrize("bits", [10, 12])
def test_an_avif_of_more_bits_becomes_eight(bits: int) -> None:
    image = pyvips.Image.new_from_array(scene().astype(np.uint16) * 257).copy(interpretation="rgb16")
    assert distance(pixels(image.heifsave_buffer(compression="av1", bitdepth=bits, Q=90)), scene()) < 1


@pytest.mark.parametrize("kind", ARITHMETIC)
def test_an_arithmetic_jpeg_is_read(kind: str) -> None:
    """A coding that few decoders know."""
    assert distance(pixels(ARITHMETIC[kind]), scene(48, 36)) < 2


@pytest.mark.parametrize("space", ["lab", "labs", "scrgb"])
def test_a_tiff_in_a_space_of_its_own(space: str) -> None:
    image = pyvips.Image.new_from_array(scene()).copy(interpretation="srgb").colourspace(space)
    assert distance(pixels(image.tiffsave_buffer()), scene()) < 1


def test_ink_that_is_black_at_one_is_turned() -> None:
    image = pyvips.Image.new_from_array(scene()).copy(interpretation="srgb").colourspace("b-w")
    assert pixels(image.tiffsave_buffer(miniswhite=True)).tolist() == pixels(image.tiffsave_buffer()).tolist()


@pytest.mark.parametrize("tags", [{254: 1}, {262: 32803}, {50706: 16909060}])
def test_a_raw_file_in_a_tiff_is_refused(tags: dict[int, int]) -> None:
    """Nikon's and Adobe's raw files are TIFFs whose first picture is a thumbnail: nobody wants that blown up."""
    original = bytearray(write(scene(), "tiff"))
    for tag, value in tags.items():
        set_tag(original, tag, value)
    with pytest.raises(Rejected, match="raw") as refused:
        render(bytes(original), WHOLE)
    assert refused.value.reason is Reason.UNSUPPORTED_TYPE


def deep(bands: int, format: str, factor: float) -> bytes:
    """A TIFF of 32 bits a sample, grey or RGB."""
    image = pyvips.Image.new_from_array(scene()).copy(interpretation="srgb")
    image = image.colourspace("b-w") if bands == 1 else image
    whole: bytes = (image * factor).cast(format).tiffsave_buffer()
    return whole


@pytest.mark.parametrize(
    ("original", "says"),
    [
        (write(Image.fromarray(scene()).convert("YCbCr"), "tiff"), "YCbCr"),
        (deep(1, "float", 1 / 255), "grey TIFF in floating point"),
        (deep(1, "uint", 1 << 24), "32 bits"),
        (deep(3, "uint", 1 << 24), "32 bits"),
    ],
    ids=["YCbCr", "grey floats", "deep grey", "deep RGB"],
)
def test_a_tiff_whose_colours_libvips_gets_wrong_is_refused(original: bytes, says: str) -> None:
    """Grey from 0 to 1 came out black, whole numbers of 32 bits as noise."""
    with pytest.raises(Rejected, match=says) as refused:
        render(original, WHOLE)
    assert refused.value.reason is Reason.UNSUPPORTED_TYPE


def set_tag(original: bytearray, tag: int, value: int) -> None:
    """Write a LONG into the first directory, over an entry of that tag, or else over one that does not matter."""
    at = int.from_bytes(original[4:8], "little")
    entries = [at + 2 + 12 * index for index in range(int.from_bytes(original[at : at + 2], "little"))]
    tags = {int.from_bytes(original[entry : entry + 2], "little"): entry for entry in entries}
    entry = tags.get(tag, tags.get(284, entries[-1]))
    original[entry : entry + 12] = struct.pack("<HHII", tag, 4, 1, value)


@pytest.mark.parametrize("options", [{"lossless": True}, {"quality": 95}])
def test_webp_both_ways(options: dict[str, object]) -> None:
    assert distance(pixels(write(scene(), "webp", **options)), scene()) < 2


@pytest.mark.parametrize("format", ["jpeg", "tiff"])
def test_press_colours_become_rgb(format: str) -> None:
    """Without a profile CMYK is anyone's guess; it has to look like itself: white white, black black, red reddish."""
    swatches = Image.new("CMYK", (60, 20), (0, 0, 0, 0))
    swatches.paste((0, 0, 0, 255), (20, 0, 40, 20))
    swatches.paste((0, 255, 255, 0), (40, 0, 60, 20))
    seen = pixels(write(swatches, format)).astype(int)
    white, black, red = seen[10, 10], seen[10, 30], seen[10, 50]
    assert white.min() > 245
    assert black.max() < 60
    assert red[0] > 180
    assert red[1:].max() < 90


def test_press_colours_coded_as_ycck_look_as_they_do_in_cmyk() -> None:
    plates = Image.fromarray(scene()).convert("CMYK")
    original = ycck(plates)
    assert distance(np.asarray(Image.open(io.BytesIO(original))), np.asarray(plates)) < 2, "another decoder sees it too"
    assert distance(pixels(original), pixels(write(plates, "jpeg", quality=95, subsampling=0))) < 2


def ycck(plates: Image.Image) -> bytes:
    """A JPEG of Y, Cb, Cr and K, as Adobe writes it: the colours, turned over, like RGB; the mark says 2.

    Pillow turns over what it is given as CMYK, so it is given the opposite of the samples that shall be in the file.
    """
    cyan, magenta, yellow, black = plates.split()
    luma, blue, red = Image.merge("RGB", (cyan, magenta, yellow)).convert("YCbCr").split()
    samples = Image.merge("CMYK", (*(ImageOps.invert(band) for band in (luma, blue, red)), black))
    original = bytearray(write(samples, "jpeg", quality=95, subsampling=0))
    original[original.index(b"Adobe") + len(b"Adobe") + 6] = 2
    return bytes(original)


@pytest.mark.parametrize("format", ["gif", "webp", "png", "avif"])
def test_of_an_animation_the_first_frame_is_taken(format: str) -> None:
    frames = [Image.fromarray(scene(seed=seed)) for seed in (7, 2, 4)]
    original = write(frames[0], format, save_all=True, append_images=frames[1:], duration=50, loop=0)
    rendered = render(original, WHOLE)
    assert (rendered.original.width, rendered.original.height) == (160, 120)
    assert distance(read(rendered.images[0].body)[..., :3], scene()) < 5


def test_a_gif_may_have_its_colours_with_its_frame() -> None:
    frame = b"," + struct.pack("<HHHHB", 0, 0, 1, 1, 0x80) + bytes((200, 100, 50, 0, 0, 0))
    original = b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0, 0, 0) + frame + b"\2\2\x44\1\0;"
    assert pixels(original)[0, 0].tolist() == [200, 100, 50]


def test_of_many_pages_the_first_is_taken() -> None:
    pages = [Image.fromarray(scene(seed=seed)) for seed in (7, 2)]
    assert distance(pixels(write(pages[0], "tiff", save_all=True, append_images=pages[1:])), scene()) == 0


@pytest.mark.parametrize(
    ("start", "says"),
    [
        (b"%PDF-1.7\n", "PDF"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (b"<?xml version='1.0'?>\n<!-- a drawing -->\n<svg/>", "SVG"),
        (b"\xff\x0a\0\0", "JPEG XL"),
        (b"8BPS\0\1", "Photoshop"),
        (b"II*\0\x10\0\0\0CR\2\0", "Canon raw"),
        (b"\0\0\0\x18ftypcrx \0\0\0\1", "Canon raw 3"),
    ],
)
def test_other_kinds_of_image_are_refused_by_name(start: bytes, says: str) -> None:
    with pytest.raises(Rejected, match=says) as refused:
        render(start + bytes(100), WHOLE)
    assert refused.value.reason is Reason.UNSUPPORTED_TYPE


@pytest.mark.parametrize(
    "original",
    [
        b"Dear Sir or Madam,\n",
        b"2 2\n1 2\n3 4\n",
        b"P5\n1 1\n255\na",
        b"#?RADIANCE\n",
        b"<html><svg></html>",
        bytes(200),
        b"push graphic-context\nviewbox 0 0 640 480\n",
    ],
)
def test_what_only_libvips_would_take_for_an_image_is_refused(original: bytes) -> None:
    """A text of numbers opens as a "matrix", a PGM as itself: neither is on the list."""
    with pytest.raises(Rejected) as refused:
        render(original, WHOLE)
    assert refused.value.reason is Reason.NOT_AN_IMAGE


@pytest.mark.parametrize(
    "original",
    [b"P5\n1 1\n255\na", b"2 2\n1 2\n3 4\n", b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>"],
)
def test_libvips_itself_opens_nothing_else(original: bytes) -> None:
    """Blocked in libvips too, so that no later mistake of ours opens what the list leaves out."""
    with pytest.raises(pyvips.Error):
        pyvips.Image.new_from_buffer(original, "")
