"""The Rust core: what it declines, what it refuses, what it learns, and the smallest file that looks right."""

import ast
import base64
import io
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from imaging import _native, fused
from imaging.errors import Reason, Rejected
from imaging.fused import Declined, Plan
from imaging.geometry import chain
from imaging.limits import Limits
from imaging.pipeline import render, with_libvips
from imaging.recipe import ImageWatermark, Recipe, Rendition, Sharpen
from imaging.rendered import Rendered
from tests.imaging.drawing import by_tables, exif, linear_grey, noise, read, scene, srgb_profile, wide_gamut, write
from tests.imaging.hostile.webps import EXIF, canvas, chunk, webp
from tests.imaging.recipes import box, one, several

FOLDER = Path(__file__).parents[3] / "shared" / "photos"
PHOTOS = sorted(photo for photo in FOLDER.glob("*") if photo.suffix in (".jpg", ".png"))

WORDS = dict(_native.declines())


def cmyk() -> bytes:
    return write(Image.fromarray(scene()).convert("CMYK"), "jpeg")


def sixteen_bits() -> bytes:
    return write(Image.fromarray(scene()[..., 0].astype(np.uint16) * 257), "png")


def animated() -> bytes:
    out = io.BytesIO()
    frames = [Image.fromarray(noise(32, 32, seed)) for seed in (1, 2)]
    frames[0].save(out, "webp", save_all=True, append_images=frames[1:])
    return out.getvalue()


def interlaced() -> bytes:
    import pyvips

    pixels = pyvips.Image.new_from_array(scene())
    return bytes(pixels.pngsave_buffer(interlace=True))


def marked(marker: bytes, at: int, value: int) -> bytes:
    """A JPEG with one byte changed, counted from a marker."""
    original = bytearray(write(scene(), "jpeg"))
    original[original.index(marker) + at] = value
    return bytes(original)


DECLINED = {
    "gif": write(scene(), "gif"),
    "tiff": write(scene(), "tiff"),
    "avif": write(scene(), "avif"),
    "heic": write(scene(), "heic"),
    "other-type": b"%PDF-1.7 and so on",
    "cmyk": cmyk(),
    "sixteen-bit": sixteen_bits(),
    "interlaced": interlaced(),
    "animation": animated(),
    "rgb-jpeg": write(scene(), "jpeg", keep_rgb=True),
    "arithmetic": marked(b"\xff\xc0", 1, 0xC9),
    "twelve-bit": marked(b"\xff\xc0", 4, 12),
    "other-jpeg": marked(b"\xff\xc0", 1, 0xC3),
    "lut-profile": write(scene(), "png", icc_profile=by_tables(b"A2B0")),
    "unreadable-profile": write(scene(), "jpeg", icc_profile=wide_gamut()[:140] + b"\xff" * 300),
    "grey-profile": write(Image.fromarray(scene()).convert("L"), "png", icc_profile=linear_grey()),
}


@pytest.mark.parametrize("why", DECLINED)
def test_what_the_core_does_not_cover_is_declined_by_a_word_of_its_list(why: str) -> None:
    with pytest.raises(Declined) as declined:
        fused.render(DECLINED[why], one("jpeg", box(50)))
    assert declined.value.why == why
    assert why in WORDS


def test_so_are_rarer_kinds_by_the_same_words() -> None:
    frames = [Image.fromarray(noise(32, 32, seed)) for seed in (1, 2)]
    by_colorimetry = write(scene(), "jpeg", icc_profile=by_tables(b"A2B1"))
    moving = write(frames[0], "png", save_all=True, append_images=frames[1:])
    sequence = b"\0\0\0\x1cftypavis"
    for why, original in (("animation", moving), ("lut-profile", by_colorimetry), ("avif", sequence)):
        with pytest.raises(Declined) as declined:
            fused.render(original, one("jpeg", box(50)))
        assert declined.value.why == why


def test_every_word_for_an_original_has_one_that_is_declined_by_it() -> None:
    assert set(DECLINED) == DOCUMENTED - {"avif-output", "smart-crop", "kept-metadata", "interlaced-output"}


@pytest.mark.parametrize(
    ("why", "recipe"),
    [
        ("interlaced-output", one("png", progressive=True)),
        ("smart-crop", one("jpeg", box(20, 20, "fill", "smart"))),
        ("kept-metadata", one("jpeg", keep=("copyright",))),
    ],
)
def test_so_is_what_only_libvips_makes(why: str, recipe: Recipe) -> None:
    with pytest.raises(Declined) as declined:
        fused.render(write(scene(), "jpeg"), recipe)
    assert declined.value.why == why
    assert why in WORDS


#: Every word that may be stored with a rendition. They may be added to, here and in `failure.rs`, never renamed.
DOCUMENTED = {
    *("gif", "tiff", "heic", "avif", "other-type", "animation", "cmyk", "rgb-jpeg", "arithmetic", "twelve-bit"),
    *("other-jpeg", "sixteen-bit", "interlaced", "lut-profile", "unreadable-profile", "grey-profile"),
    *("avif-output", "smart-crop", "kept-metadata", "interlaced-output"),
}


def test_nothing_is_declined_by_a_word_outside_the_list() -> None:
    """The core's own words, and those that Python gives."""
    tree = ast.parse(Path(fused.__file__).read_text())
    calls = [each for each in ast.walk(tree) if isinstance(each, ast.Call)]
    given = [each.args[0] for each in calls if isinstance(each.func, ast.Name) and each.func.id == "Declined"]
    words = {each.value for each in given if isinstance(each, ast.Constant)}
    assert set(WORDS) == DOCUMENTED
    assert {"kept-metadata", "smart-crop"} <= words <= DOCUMENTED


#: Everything that the core has to serve: each mode, a mark, sharpening, a quality and one left to a score.
SERVED = several(
    Rendition("fill", "jpeg", resize=box(300, 200, "fill", "north"), sharpen=Sharpen(0.8, 0.5), progressive=True),
    Rendition("fit", "webp", resize=box(200, 200, "fit"), watermark=ImageWatermark(write(scene(9, 9), "png"), 0.2)),
    Rendition("limit", "jpeg", resize=box(160), quality="auto"),
    Rendition("lossless", "webp", resize=box(64), lossless=True),
    Rendition("png", "png", resize=box(64)),
    Rendition("avif", "avif", resize=box(64), effort=0),
)


@pytest.mark.parametrize("format", ["jpeg", "png", "webp"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_and_a_matrix_profile_are_fused(format: str, orientation: int) -> None:
    original = write(scene(), format, exif=exif(Orientation=orientation), icc_profile=wide_gamut())
    rendered = render(original, SERVED)
    upright = (160, 120) if orientation < 5 else (120, 160)
    assert (rendered.path, rendered.why) == ("fused", None)
    assert (rendered.original.width, rendered.original.height) == upright


@pytest.mark.skipif(not PHOTOS, reason="no photos beside the checkout")
@pytest.mark.parametrize("photo", PHOTOS, ids=lambda photo: photo.name)
def test_every_photo_is_fused(photo: Path) -> None:
    rendered = render(photo.read_bytes(), SERVED)
    assert (rendered.path, rendered.why) == ("fused", None)


@pytest.mark.parametrize("format", ["jpeg", "png", "webp"])
def test_a_file_cut_short_is_refused_never_half_drawn(format: str) -> None:
    original = write(noise(120, 90), format)
    for share in (0.2, 0.5, 0.9, 0.99):
        with pytest.raises(Rejected) as rejected:
            fused.render(original[: int(len(original) * share)], one("jpeg", box(50)))
        assert rejected.value.reason in (Reason.TRUNCATED, Reason.CORRUPT)


@pytest.mark.parametrize("kind", ["lossy", "lossless", "lossy with alpha"])
def test_a_webp_is_not_finished_from_what_follows_it(kind: str) -> None:
    """libwebp reads on into EXIF where a picture has fewer bits than it needs."""
    pixels = noise(120, 90)
    seen = Image.fromarray(np.dstack([pixels, pixels[..., 0]]) if "alpha" in kind else pixels)
    whole = write(seen, "webp", lossless=kind == "lossless")
    at = whole.index(b"VP8L" if kind == "lossless" else b"VP8 ")
    picture = whole[at + 8 :]
    short = chunk(whole[at : at + 4], picture[: len(picture) * 4 // 5])
    before = whole[12:at] or canvas(EXIF, 120, 90)
    for follows in (b"", chunk(b"EXIF", noise(90, 90).tobytes())):
        original = webp(before, short, follows)
        for path in (fused.render, by_libvips):
            with pytest.raises(Rejected) as rejected:
                path(original, one("png"))
            assert rejected.value.reason is Reason.CORRUPT
    intact = webp(before, whole[at:], chunk(b"EXIF", exif(Make="nobody")))
    assert fused.render(intact, one("png")).images[0].body == fused.render(whole, one("png")).images[0].body


def test_limits_hold_inside_the_core_too() -> None:
    """A plan of its own makes no way round them."""
    plan = orders(write(scene(), "jpeg"), one("jpeg", box(50)))
    with pytest.raises(_native.Rejected) as rejected:
        _native.render(write(scene(), "jpeg"), replace(plan, max_pixels=160 * 120 - 1))
    assert rejected.value.args[0] == Reason.TOO_MANY_PIXELS
    assert orders(write(scene(), "jpeg"), one(), Limits(pixels=20_000)).max_pixels == 20_000


def test_what_is_enlarged_is_made_of_the_original_whatever_else_is_made() -> None:
    original = write(noise(40, 30), "png")
    large, small = (Rendition(name, "png", resize=box(edge, None, "fit")) for name, edge in (("a", 90), ("b", 9)))
    alone, beside = (fused.render(original, several(*each)).images[0] for each in ((large,), (large, small)))
    assert alone.body == beside.body


def test_a_plan_that_contradicts_itself_is_a_value_error() -> None:
    original = write(scene(), "jpeg")
    plan = orders(original, one("jpeg", box(50)))
    outside = replace(plan.renditions[0], left=1)
    for wrong in (replace(plan, levels=()), replace(plan, shrink=3), replace(plan, renditions=(outside,))):
        with pytest.raises(ValueError, match=r"level|plan|crop"):
            _native.render(original, wrong)


def orders(original: bytes, recipe: Recipe, limits: Limits | None = None) -> Plan:
    """The plan of a recipe for an original."""
    probe = _native.probe(original)
    upright = (probe.width, probe.height)
    sizes = chain(recipe, *upright)
    every = list(zip(recipe.renditions, sizes.placements, strict=True))
    return fused.plan(sizes, every, upright, limits or Limits())


def test_what_is_learnt_on_the_way() -> None:
    original = write(scene(160, 120), "jpeg", icc_profile=srgb_profile())
    rendered = fused.render(original, one("webp", box(64)))
    about = rendered.original
    assert (rendered.path, rendered.why) == ("fused", None)
    assert (about.format, about.width, about.height, about.bytes) == ("jpeg", 160, 120, len(original))
    assert about.blake3 == _native.blake3(original)
    assert 15 < len(base64.b64decode(about.thumbhash)) < 30
    assert all(spent >= 0 for spent in rendered.milliseconds.values())


def test_only_encodes_what_is_asked_for_and_its_bytes_are_the_same() -> None:
    """Also where the others are what has the levels made in R, G, B."""
    sizes = ("a", "jpeg", 100), ("b", "webp", 50), ("c", "png", 40), ("d", "avif", 60)
    recipe = several(*(Rendition(name, format, resize=box(edge)) for name, format, edge in sizes))
    original = write(scene(), "jpeg")
    together = fused.render(original, recipe).images
    for each in together:
        (alone,) = fused.render(original, recipe, only=frozenset({each.name})).images
        assert alone == each


@pytest.mark.parametrize("knobs", [{}, {"progressive": True}, {"quality": 95}, {"quality": 95, "progressive": True}])
def test_every_jpeg_is_read_by_others(knobs: dict[str, Any]) -> None:
    """Odd edges, blocks beyond them, every sampling and script."""
    for size in ((1, 1), (9, 17), (63, 65), (160, 33)):
        recipe = several(Rendition("only", "jpeg", **knobs))
        body = fused.render(write(scene(*size), "png"), recipe).images[0].body
        image = Image.open(io.BytesIO(body))
        assert image.info.get("progressive", 0) == (1 if "progressive" in knobs else 0)
        assert np.abs(np.asarray(image).astype(int) - scene(*size)).mean() < 8


def test_progressive_says_the_same_in_fewer_bytes() -> None:
    original = write(scene(600, 400) // 2 + noise(600, 400) // 8, "png")
    plain, progressive = (
        fused.render(original, one("jpeg", progressive=choice)).images[0].body for choice in (False, True)
    )
    assert (read(plain) == read(progressive)).all()
    assert len(progressive) < len(plain)


@pytest.mark.parametrize("format", ["png", "webp"])
def test_lossless_loses_nothing(format: str) -> None:
    recipe = one(format, lossless=format == "webp")
    body = fused.render(write(noise(61, 47), "png"), recipe).images[0].body
    assert (read(body)[..., :3] == noise(61, 47)).all()


@pytest.mark.parametrize("format", ["jpeg", "webp"])
def test_a_target_is_reached_with_the_fewest_bytes(format: str) -> None:
    """Higher targets take more bytes, and the file scores what was asked, seen through another decoder."""
    pixels = scene(200, 150) // 2 + noise(200, 150) // 16
    original = write(pixels, "png")
    plan = orders(original, one(format))
    sizes = []
    for target in (50.0, 70.0, 85.0):
        aimed = replace(plan, renditions=(replace(plan.renditions[0], target=target),))
        (body,) = _native.render(original, aimed).bodies
        seen = np.asarray(Image.open(io.BytesIO(body)).convert("RGB"))
        assert _native.ssimulacra2(200, 150, pixels.tobytes(), seen.tobytes()) > target - 3
        sizes.append(len(body))
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[-1]


def by_libvips(original: bytes, recipe: Recipe) -> Rendered:
    """The other path, whatever the core covers."""
    return with_libvips(original, recipe, None, Limits())


@pytest.mark.parametrize("format", ["jpeg", "webp"])
@pytest.mark.parametrize("path", ["fused", "libvips"])
def test_a_recipe_aims_at_a_score_on_both_paths(format: str, path: str) -> None:
    """Seen through another decoder, the score is what was asked for, and no more: bytes are not spent for nothing."""
    pixels = scene(200, 150) // 2 + noise(200, 150) // 16
    original = write(pixels, "png")
    made = fused.render if path == "fused" else by_libvips
    sizes = []
    for target in (65.0, 72.0, 80.0):
        recipe = one(format, quality="auto", target=target)
        body = made(original, recipe).images[0].body
        seen = np.asarray(Image.open(io.BytesIO(body)).convert("RGB"))
        score = _native.ssimulacra2(200, 150, pixels.tobytes(), seen.tobytes())
        assert target - 3 < score < target + 3
        sizes.append(len(body))
    assert sizes[0] < sizes[1] < sizes[2]


@pytest.mark.parametrize("format", ["jpeg", "webp"])
def test_colours_that_halving_them_loses_count_in_the_score(format: str) -> None:
    """Fine stripes of two colours, each as light as the other: a picture of halved chroma has lost them already."""
    stripes = np.where((np.arange(200) // 3 % 2 == 0)[:, None], (190, 90, 110), (70, 140, 120)).astype(np.uint8)
    pixels = np.tile(stripes, (150, 1, 1)) // 2 + scene(200, 150) // 3
    original = write(pixels, "png")
    found = fused.render(original, one(format, quality="auto", target=70.0)).images[0]
    assert found.found is not None
    seen = np.asarray(Image.open(io.BytesIO(found.body)).convert("RGB"))
    assert abs(found.found.score - _native.ssimulacra2(200, 150, pixels.tobytes(), seen.tobytes())) < 2


@pytest.mark.parametrize("format", ["jpeg", "webp"])
def test_both_paths_aim_alike(format: str) -> None:
    """Transparency and all: the same score takes about the same bytes, within a quarter of so small a file."""
    pixels = np.dstack([scene(200, 150) // 2 + noise(200, 150) // 16, np.tile(np.linspace(0, 255, 200), (150, 1))])
    original = write(pixels.astype(np.uint8), "png")
    recipe = one(format, quality="auto", background="#204060" if format == "jpeg" else "#ffffff")
    bodies = [fused.render(original, recipe), by_libvips(original, recipe)]
    ours, theirs = (len(made.images[0].body) for made in bodies)
    assert abs(ours - theirs) < 0.25 * theirs


@pytest.mark.parametrize("format", ["jpeg", "webp"])
@pytest.mark.parametrize("size", [(1, 1), (7, 300), (8, 8)])
def test_what_is_too_small_to_score_has_its_formats_quality(format: str, size: tuple[int, int]) -> None:
    original = write(noise(*size), "png")
    aimed, plain = one(format, quality="auto"), one(format)
    for made in (fused.render, by_libvips):
        same = made(original, aimed).images[0].body == made(original, plain).images[0].body
        assert same or min(size) >= 8


def test_ssimulacra2_knows_the_same_from_the_other() -> None:
    same, other = scene(64, 48).tobytes(), noise(64, 48).tobytes()
    assert _native.ssimulacra2(64, 48, same, same) == 100
    assert _native.ssimulacra2(64, 48, same, other) < 10


def test_the_interpreter_runs_on_meanwhile() -> None:
    """A thread that only counts gets on while the core works."""
    original = write(noise(2000, 1500), "png")
    counted, done = 0, threading.Event()

    def work() -> None:
        fused.render(original, one("webp", box(1000)))
        done.set()

    thread = threading.Thread(target=work)
    thread.start()
    while not done.is_set():
        counted += 1
        time.sleep(0.001)
    thread.join()
    assert counted > 10
