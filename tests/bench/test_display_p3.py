"""The profile that made iPhone originals carry."""

import io

import numpy
import pytest
from PIL import Image, ImageCms

from bench.imaging.display_p3 import profile


def seen(colour: tuple[int, int, int], source: object, target: object) -> tuple[int, ...]:
    """One colour, moved by LittleCMS."""
    image = ImageCms.profileToProfile(Image.new("RGB", (1, 1), colour), source, target, outputMode="RGB")
    return tuple(int(band) for band in numpy.asarray(image)[0, 0])


@pytest.fixture
def p3():
    return ImageCms.ImageCmsProfile(io.BytesIO(profile()))


def test_littlecms_reads_it_under_its_name(p3):
    assert ImageCms.getProfileName(p3).strip() == "Display P3"


def test_the_red_of_srgb_lies_where_css_says_it_does(p3):
    """color(display-p3 0.9175 0.2003 0.1386), as CSS Color 4's sample code has it."""
    assert seen((255, 0, 0), ImageCms.createProfile("sRGB"), p3) == pytest.approx((234, 51, 35), abs=1)


@pytest.mark.parametrize("grey", [0, 1, 64, 128, 254, 255])
def test_greys_stay(p3, grey):
    assert seen((grey,) * 3, p3, ImageCms.createProfile("sRGB")) == pytest.approx((grey,) * 3, abs=1)
