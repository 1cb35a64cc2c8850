"""What would cost too much is refused from its header: before a pixel is decoded, in a moment, in little memory."""

import struct
import subprocess
import sys
import textwrap
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
import pyvips
from PIL import Image, PngImagePlugin

from imaging.errors import Reason, Rejected
from imaging.limits import MIB, Limits
from imaging.pipeline import render
from imaging.recipe import Rendition
from imaging.unbroken import unbroken
from imaging.webp import affordable
from tests.imaging.drawing import FORMATS, noise, scene, srgb_profile, write
from tests.imaging.hostile.webps import ANIMATION, canvas, webp
from tests.imaging.recipes import box, one, several, shipped

JPEGS = Path(__file__).parents[2] / "imaging" / "native" / "tests" / "jpegs"


def reason(original: bytes, limits: Limits | None = None, resize: object = None) -> Reason:
    """Why an original is refused."""
    with pytest.raises(Rejected) as refused:
        render(original, one("webp", resize=resize), limits=limits)  # type: ignore[arg-type]
    assert refused.value.detail or refused.value.reason is Reason.EMPTY
    return refused.value.reason


def test_nothing_at_all() -> None:
    assert reason(b"") is Reason.EMPTY


@pytest.mark.parametrize("format", FORMATS)
def test_too_many_bytes(format: str) -> None:
    original = write(scene(), format)
    assert reason(original, Limits(bytes=len(original) - 1)) is Reason.TOO_MANY_BYTES
    assert render(original, one(), limits=Limits(bytes=len(original)))


@pytest.mark.parametrize("format", FORMATS)
def test_too_many_pixels(format: str) -> None:
    original = write(scene(160, 120), format)
    assert reason(original, Limits(pixels=160 * 120 - 1)) is Reason.TOO_MANY_PIXELS
    assert render(original, one(), limits=Limits(pixels=160 * 120))


@pytest.mark.parametrize("format", ["gif", "webp", "tiff"])
def test_frames_count_and_so_do_the_pixels_in_all_of_them(format: str) -> None:
    frames = [Image.fromarray(scene(seed=seed)) for seed in range(5)]
    original = write(frames[0], format, save_all=True, append_images=frames[1:])
    assert reason(original, Limits(frames=4)) is Reason.TOO_MANY_FRAMES
    assert reason(original, Limits(pixels=5 * 160 * 120 - 1)) is Reason.TOO_MANY_PIXELS
    assert render(original, one(), limits=Limits(frames=5, pixels=5 * 160 * 120))


@pytest.mark.parametrize("format", ["jpeg", "webp", "tiff", "avif", "heic"])
def test_large_profiles(format: str) -> None:
    """libpng holds a profile to the length that it states, and drops one that is longer: nothing to refuse there."""
    original = write(scene(), format, icc_profile=srgb_profile() + bytes(5000))
    assert reason(original, Limits(icc_bytes=5000)) is Reason.METADATA_TOO_LARGE
    assert render(original, one(), limits=Limits(icc_bytes=6000))


def test_the_core_looks_for_holes_within_the_limits() -> None:
    """What libvips would refuse afterwards has cost nothing before."""
    with pytest.raises(Rejected) as refused:
        unbroken(write(scene(), "jpeg", progressive=True), Limits(memory=160 * 120))
    assert refused.value.reason is Reason.TOO_MUCH_MEMORY


def test_a_profile_larger_than_the_core_ever_holds() -> None:
    original = write(scene(), "jpeg", icc_profile=bytes(4 * MIB + 1))
    assert reason(original, Limits(icc_bytes=5 * MIB)) is Reason.METADATA_TOO_LARGE


@pytest.mark.parametrize("format", ["jpeg", "png", "webp", "heic"])
def test_large_exif(format: str) -> None:
    block = Image.Exif()
    block[0x010E] = "x" * 5000
    original = write(scene(), format, exif=block.tobytes())
    assert reason(original, Limits(exif_bytes=5000)) is Reason.METADATA_TOO_LARGE
    assert render(original, one(), limits=Limits(exif_bytes=6000))


@pytest.mark.parametrize(
    ("format", "options"), [("webp", {}), ("avif", {}), ("heic", {}), ("gif", {}), ("jpeg", {"progressive": True})]
)
def test_what_must_be_held_whole_is_held_to_the_memory(format: str, options: dict[str, bool]) -> None:
    original = write(scene(), format, **options)
    assert reason(original, Limits(memory=160 * 120 * 2 - 1)) is Reason.TOO_MUCH_MEMORY
    assert render(original, one(), limits=Limits(memory=160 * 120 * 24))


@pytest.mark.parametrize("kind", ["progressive", "separate"])
def test_a_jpeg_of_several_scans_is_held_to_the_memory_of_all_its_coefficients(kind: str) -> None:
    """Of 61 x 45 pixels, each of three components: two bytes a coefficient, and a mask of eight for every 64."""
    original = (JPEGS / f"420-{kind}.jpg").read_bytes()
    assert reason(original, Limits(memory=61 * 45 * 3 * (64 * 2 + 8) // 64)) is Reason.TOO_MUCH_MEMORY
    assert render(original, one(), limits=Limits(memory=61 * 45 * 7))


@pytest.mark.parametrize(("bits", "bytes_a_pixel"), [(8, 24), (10, 30), (12, 30)])
def test_an_avif_of_more_than_8_bits_is_held_to_more_memory(bits: int, bytes_a_pixel: int) -> None:
    depth = "uchar" if bits == 8 else "ushort"
    flat = pyvips.Image.black(16, 16).cast(depth).copy(interpretation="b-w" if bits == 8 else "grey16")
    original = flat.heifsave_buffer(compression="av1", bitdepth=bits)
    assert reason(original, Limits(memory=16 * 16 * bytes_a_pixel - 1)) is Reason.TOO_MUCH_MEMORY
    assert render(original, one(), limits=Limits(memory=16 * 16 * bytes_a_pixel))


@pytest.mark.parametrize("format", ["jpeg", "png"])
def test_what_streams_is_not(format: str) -> None:
    assert render(write(scene(), format), one(), limits=Limits(memory=1))


def test_a_strip_that_would_have_to_be_blown_up() -> None:
    """One pixel wide and to fill a square: 2048 x 134,000,000 pixels on the way there."""
    assert reason(write(noise(1, 65_500), "png"), resize=box(2048, 2048, "fill")) is Reason.TOO_MANY_PIXELS


@pytest.mark.parametrize("format", ["png", "tiff"])
def test_what_is_enlarged_is_held_to_the_pixels_on_both_paths(format: str) -> None:
    original, fill = write(noise(10, 1000), format), box(100, 100, "fill")
    assert reason(original, Limits(pixels=100 * 10_000 - 1), fill) is Reason.TOO_MANY_PIXELS
    assert render(original, one(resize=fill), limits=Limits(pixels=100 * 10_000))


def test_only_what_is_asked_for_is_held_to_its_format() -> None:
    original, both = write(noise(1, 20_000), "png"), several(Rendition("long", "webp"), Rendition("short", "png"))
    assert render(original, both, only=frozenset({"short"})).images
    with pytest.raises(Rejected) as refused:
        render(original, both)
    assert refused.value.reason is Reason.TOO_LONG_AN_EDGE


def test_the_canvas_of_a_webp_is_held_to_the_pixels_before_libvips_sees_it() -> None:
    original = webp(canvas(ANIMATION, 200, 100))
    assert affordable(original, Limits(pixels=200 * 100)) is original
    with pytest.raises(Rejected) as refused:
        affordable(original, Limits(pixels=200 * 100 - 1))
    assert refused.value.reason is Reason.TOO_MANY_PIXELS


def test_the_frame_of_a_gif_is_held_to_the_pixels_whatever_its_screen() -> None:
    screen = b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + bytes(6)
    frame = b"," + struct.pack("<HHHHB", 0, 0, 60_000, 60_000, 0) + b"\2\2\x4c\1\0"
    assert reason(screen + frame + b";") is Reason.TOO_MANY_PIXELS


def test_a_strip_longer_than_the_format_holds() -> None:
    assert reason(write(noise(1, 20_000), "png")) is Reason.TOO_LONG_AN_EDGE


@pytest.mark.parametrize("size", [(1, 65_500), (65_500, 1), (3, 30_000)])
@pytest.mark.parametrize("format", ["jpeg", "png", "tiff"])
def test_extreme_strips_are_rendered_by_the_default_recipe(format: str, size: tuple[int, int]) -> None:
    sizes = [(image.width, image.height) for image in render(write(noise(*size), format), shipped("default")).images]
    longest = max(size)
    short = [max(1, round(min(size) * edge / longest)) for edge in (2048, 1280, 640, 256)]
    assert [min(each) for each in sizes] == short
    assert [max(each) for each in sizes] == [2048, 1280, 640, 256]


# Bombs: each is small, valid enough to be opened, and would take gigabytes


def png_bomb(width: int, height: int) -> bytes:
    """A PNG of one colour: a row of zeros compresses a thousandfold."""
    packer = zlib.compressobj(9)
    row = bytes(width // 8 + 2)
    data = b"".join(packer.compress(row) for _ in range(min(height, 2000))) + packer.flush()
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def chunk(name: bytes, data: bytes) -> bytes:
    """A PNG chunk."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def gif_bomb(width: int, height: int, frames: int = 1) -> bytes:
    """A GIF with a vast canvas, and frames of that size with next to nothing in them."""
    head = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(6)
    frame = b"!\xf9\4\0\1\0\0\0," + struct.pack("<HHHHB", 0, 0, width, height, 0) + b"\2\2\x44\1\0"
    return head + frame * frames + b";"


def jpeg_bomb(width: int, height: int) -> bytes:
    """A tiny progressive JPEG whose header says otherwise: a decoder that believes it allocates all coefficients."""
    original = bytearray(write(scene(16, 16), "jpeg", progressive=True))
    at = original.index(b"\xff\xc2")
    original[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(original)


def webp_bomb() -> bytes:
    """A small WebP whose header says that it is as large as WebP can be (VP8L: 14 bits an edge, less one)."""
    original = bytearray(write(scene(16, 16), "webp", lossless=True))
    original[21:25] = (int.from_bytes(original[21:25], "little") | 0x0FFFFFFF).to_bytes(4, "little")
    return bytes(original)


def text_bomb(name: bytes) -> bytes:
    """A PNG whose text or profile unpacks to a hundred megabytes."""
    packed = zlib.compress(bytes(100_000_000), 9)
    body = {b"zTXt": b"x\0\0" + packed, b"iCCP": b"x\0\0" + packed, b"iTXt": b"x\0\1\0\0\0" + packed}[name]
    small = write(scene(8, 8), "png")
    return small[:33] + chunk(name, body) + small[33:]


BOMBS: dict[str, Callable[[], bytes]] = {
    "png": lambda: png_bomb(50_000, 50_000),
    "png that ends early": lambda: png_bomb(11_000, 11_000),
    "png of one column": lambda: png_bomb(1, 100_000_000),
    "png of one row": lambda: png_bomb(25_000_000, 1),
    "gif": lambda: gif_bomb(65_535, 65_535),
    "gif of frames": lambda: gif_bomb(2_000, 2_000, 5_000),
    "jpeg": lambda: jpeg_bomb(65_000, 65_000),
    "jpeg within the pixels": lambda: jpeg_bomb(11_000, 11_000),
    "webp": webp_bomb,
    "zTXt": lambda: text_bomb(b"zTXt"),
    "iTXt": lambda: text_bomb(b"iTXt"),
    "iCCP": lambda: text_bomb(b"iCCP"),
}

HARMLESS = """
    import sys, time
    from imaging.errors import Rejected
    from imaging.pipeline import render
    from tests.imaging.recipes import shipped
    original, recipe = open(sys.argv[1], "rb").read(), shipped("default")
    start = time.process_time()
    try:
        print("rendered", len(render(original, recipe).images))
    except Rejected as refused:
        print(refused.reason)
    peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
    print(time.process_time() - start, int(peak.split()[1]) // 1024)
"""


@pytest.mark.parametrize("kind", BOMBS)
def test_a_bomb_is_refused_quickly_and_in_little_memory(kind: str, tmp_path: Path) -> None:
    """In a process of its own, so that its memory is its own. Texts and profiles are dropped, their pictures shown."""
    original = tmp_path / "bomb"
    original.write_bytes(BOMBS[kind]())
    command = [sys.executable, "-c", textwrap.dedent(HARMLESS), str(original)]
    said = subprocess.run(command, check=True, capture_output=True, text=True, cwd=Path(__file__).parents[2])
    verdict, cost = said.stdout.strip().splitlines()
    seconds, megabytes = (float(number) for number in cost.split())
    assert verdict in ({"rendered 4"} if kind in ("zTXt", "iTXt", "iCCP") else set(Reason))
    assert seconds < 2
    assert megabytes < 512


def test_a_large_text_in_a_png_does_not_stay() -> None:
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Comment", "canary " * 10_000, zip=True)
    assert b"canary" not in render(write(scene(), "png", pnginfo=notes), one()).images[0].body
