"""The uncompressed reference."""

import io
from pathlib import Path

import numpy
import pytest
from PIL import Image, ImageCms

from bench.imaging import reference
from bench.imaging.display_p3 import profile
from imaging.geometry import Box
from imaging.marks import Mark


def test_a_flat_image_stays_flat_at_every_size(tmp_path: Path):
    Image.new("RGB", (301, 200), (10, 128, 250)).save(tmp_path / "flat.png")
    small = reference.resized(reference.full(tmp_path / "flat.png"), 97, 64)
    assert small.shape == (64, 97, 3)
    assert small == pytest.approx(numpy.broadcast_to(numpy.array([10, 128, 250]) / 255, small.shape), abs=1e-5)


def test_the_original_is_turned_and_its_profile_followed(tmp_path: Path):
    """Red of sRGB, written in P3, lying on its side."""
    exif = Image.Exif()
    exif[0x0112] = 6
    red = Image.new("RGB", (40, 20), (234, 51, 35))
    red.save(tmp_path / "red.png", icc_profile=profile(), exif=exif)
    pixels = reference.full(tmp_path / "red.png")
    assert pixels.shape == (40, 20, 3)
    assert pixels[0, 0] == pytest.approx([1, 0, 0], abs=0.02)


def test_littlecms_in_16_bits_agrees_with_littlecms_in_8(tmp_path: Path):
    colours = numpy.random.default_rng(1).integers(0, 256, (32, 32, 3), numpy.uint8)
    Image.fromarray(colours).save(tmp_path / "p3.png", icc_profile=profile())
    p3 = ImageCms.ImageCmsProfile(io.BytesIO(profile()))
    eight = ImageCms.profileToProfile(
        Image.fromarray(colours), p3, ImageCms.createProfile("sRGB"), renderingIntent=1, outputMode="RGB"
    )
    assert numpy.abs(reference.full(tmp_path / "p3.png") * 255 - numpy.asarray(eight)).max() < 1.5


def test_a_mark_covers_its_own_box_by_its_opacity():
    white = numpy.ones((4, 4, 3), numpy.float32)
    marked = reference.marked(white, Mark(Box(1, 2, 1, 1), bytes((0, 0, 0, 51))))
    assert marked[2, 1] == pytest.approx([0.8, 0.8, 0.8])
    assert (white == 1).all()
    assert (marked == 1).sum() == 4 * 4 * 3 - 3
