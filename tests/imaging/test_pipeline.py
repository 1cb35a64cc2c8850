"""The whole: one decode, every rendition, the same bytes every time."""

import os
import platform
import re
import subprocess
import sys
import textwrap
import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
import pyvips
from PIL import Image, ImageOps

from imaging.engine import VERSION, engine
from imaging.errors import Reason, Rejected
from imaging.limits import Limits
from imaging.pipeline import render, with_libvips
from imaging.recipe import Rendition, dump, load
from imaging.rendered import Rendered
from tests.imaging.drawing import FORMATS, distance, exif, read, scene, shown, wide_gamut, write
from tests.imaging.recipes import box, one, several, shipped

ROOT = Path(__file__).parents[2]
PHOTOS = Path(os.environ.get("SAFELIGHT_PHOTOS", ROOT.parent / "shared" / "photos"))
photos = pytest.mark.skipif(
    not PHOTOS.is_dir(), reason=f"no photos in {PHOTOS}: set SAFELIGHT_PHOTOS to a folder of some"
)


pillow_heif.register_heif_opener()

each_photo = pytest.mark.parametrize(
    "photo", sorted(PHOTOS.iterdir()) if PHOTOS.is_dir() else [PHOTOS], ids=lambda photo: photo.name
)


def bodies(rendered: Rendered) -> dict[str, bytes]:
    """Every rendition by its name."""
    return {image.name: image.body for image in rendered.images}


@pytest.mark.parametrize("format", FORMATS)
def test_the_same_bytes_every_time(format: str) -> None:
    original = write(scene(700, 500), format)
    for recipe in (shipped("default"), shipped("web")):
        first, second = (render(original, recipe) for _ in range(2))
        assert bodies(first) == bodies(second)
        assert first.original == second.original


def test_the_same_bytes_from_a_recipe_that_was_kept() -> None:
    body = dump(shipped("web"))
    original = write(scene(700, 500), "jpeg")
    assert bodies(render(original, load(body.json, body.assets))) == bodies(render(original, shipped("web")))


def test_only_some_are_the_same_as_all() -> None:
    """So a rendition whose definition did not change can keep its old key."""
    original = write(scene(3000, 2000), "jpeg")
    every = render(original, shipped("default"))
    for name in ("large", "thumb"):
        alone = render(original, shipped("default"), only=frozenset((name,)))
        assert bodies(alone) == {name: bodies(every)[name]}
        assert alone.original == every.original
    assert render(original, shipped("default"), only=frozenset()).images == ()


def test_renditions_come_in_the_order_of_the_recipe() -> None:
    recipe = several(*(Rendition(f"n{edge}", "png", resize=box(edge)) for edge in (50, 200, 100)))
    assert [image.name for image in render(write(scene(), "png"), recipe).images] == ["n50", "n200", "n100"]


def test_a_rendition_of_the_same_definition_has_the_same_pixels() -> None:
    """What definitions promise: company may change in all but its sizes."""
    original = write(scene(1000, 800), "jpeg")
    one, two = Rendition("one", "jpeg", resize=box(400)), Rendition("two", "png", resize=box(100))
    here, there = several(one, two), several(two, replace(one, name="uno", format="webp", quality=10))
    assert here.renditions[1].definition == there.renditions[0].definition
    assert bodies(render(original, here))["two"] == bodies(render(original, there))["two"]


def test_stages_are_timed_in_order() -> None:
    timed = with_libvips(write(scene(), "jpeg"), shipped("default"), None, Limits()).milliseconds
    assert list(timed) == [
        "open",
        "decode",
        "chain",
        "encode large",
        "encode medium",
        "encode small",
        "encode thumb",
        "thumbhash",
        "fingerprint",
    ]
    assert all(spent >= 0 for spent in timed.values())


def test_the_path_is_told() -> None:
    paths = {name: render(write(scene(), name), one()) for name in ("jpeg", "png", "gif", "heic")}
    assert {name: (rendered.path, rendered.why) for name, rendered in paths.items()} == {
        "jpeg": ("fused", None),
        "png": ("fused", None),
        "gif": ("libvips", "gif"),
        "heic": ("libvips", "heic"),
    }


def test_the_engine_names_version_libvips_and_architecture() -> None:
    assert re.fullmatch(r"[0-9.]+-vips8\.\d+\.\d+-[a-z0-9_]+", engine())
    assert engine().endswith(platform.machine().lower())
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == VERSION


def test_libvips_is_set_for_a_worker() -> None:
    assert pyvips.concurrency_get() == 1


def test_nothing_is_spilled_to_disc() -> None:
    """Where there is no disc to write to, images and marks are rendered all the same: as in the sandbox."""
    code = """
        from imaging.pipeline import render
        from tests.imaging.drawing import scene, write
        from tests.imaging.recipes import shipped
        for recipe in ("default", "web"):
            render(write(scene(500, 400), "png"), shipped(recipe))
        print("done")
    """
    said = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "TMPDIR": "/nonexistent", "HOME": "/nonexistent"},
        cwd=ROOT,
    )
    assert said.stdout == "done\n"


def test_the_original_is_not_copied_and_not_changed() -> None:
    original = write(scene(), "jpeg")
    before = bytes(original)
    render(original, shipped("default"))
    assert original == before


def test_everything_at_once() -> None:
    """Turned, in another colour space, reduced by the decoder, cut, sharpened: in the right order."""
    stored = scene(1600, 1200)
    original = write(stored, "jpeg", exif=exif(Orientation=6), icc_profile=wide_gamut())
    recipe = shipped("web")
    images = {image.name: image for image in render(original, recipe).images}
    assert (images["hero-jpeg"].width, images["hero-jpeg"].height) == (1200, 1600)
    assert (images["card-webp"].width, images["card-webp"].height) == (480, 480)
    assert (images["banner-webp"].width, images["banner-webp"].height) == (1200, 400)
    assert (
        distance(read(images["hero-webp"].body)[50:-150, 50:-50], read(images["hero-jpeg"].body)[50:-150, 50:-50]) < 3
    )


@photos
@each_photo
def test_a_photo_is_rendered(photo: Path) -> None:
    """Camera originals pass strict decoding, all of them, and stand upright."""
    rendered = render(photo.read_bytes(), shipped("default"))
    upright = (rendered.original.width, rendered.original.height)
    for image, edge in zip(rendered.images, (2048, 1280, 640, 256), strict=True):
        assert max(image.width, image.height) == min(edge, max(upright))
        assert (image.width > image.height) == (upright[0] > upright[1])
        assert read(image.body).shape == (image.height, image.width, 3)


@photos
@each_photo
def test_a_photo_agrees_with_another_decoder(photo: Path) -> None:
    """Against Pillow's full decode, turn, conversion and Lanczos in one step; shrink-on-load costs two levels."""
    seen = read(render(photo.read_bytes(), one("png", box(640))).images[0].body)
    reference = developed(photo).resize(seen.shape[1::-1], Image.Resampling.LANCZOS)
    assert distance(seen, np.asarray(reference)) < 3


def developed(photo: Path) -> Image.Image:
    """A photo upright and in sRGB, by Pillow and littleCMS; HEIC by pillow-heif, which turns it itself."""
    image = ImageOps.exif_transpose(Image.open(photo))
    if profile := image.info.get("icc_profile"):
        return shown(image, profile)
    return image.convert("RGB")


@photos
def test_a_photo_that_is_cut_short_is_refused() -> None:
    for photo in (PHOTOS / "nexus-4.jpg", PHOTOS / "iphone-heic.heic", PHOTOS / "kodim04.png"):
        original = photo.read_bytes()
        for share in (0.1, 0.5, 0.9, 0.99):
            with pytest.raises(Rejected) as refused:
                render(original[: int(len(original) * share)], shipped("default"))
            assert refused.value.reason is Reason.TRUNCATED
