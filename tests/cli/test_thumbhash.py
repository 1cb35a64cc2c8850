"""ThumbHash read back, against what the reference implementation (JavaScript, 0.1.1) makes of the same hashes."""

import base64
import hashlib
import io

import pytest
from PIL import Image

from cli import thumbhash

REFERENCE = {
    "3/cJPZqAh3d/eIqYqIh4d3CPBwiH": (32, 23, "0f0b555e57c93dd573c9ae1656dad9761e5f2aaf084ac285199db79f9982a0eb"),
    "H/gJRBqR9od4qamFh4hgjggHiA==": (18, 32, "49e3c3c95125b86600fe998baccc80c3b05c785fe77781ad0c3bd72fb73111f3"),
    "37eJNQ4rcHh/mXqah2GfFgZjf3VMl4eIdw==": (
        32,
        32,
        "34ab218bc03a0b1ffe628b6884ef541f0b90e97819d690f786fc6393ef963661",
    ),
    "4NeJKpQdcKaPiXhgfwgHdo+FTJh4iHc=": (32, 13, "ade6d706c5b693abfbed9ef0d50a75e001839d4a5f063b1e30e0019144d0d5b1"),
    "1QcSHQRnh493V4dIh4eXh1h4kJUI": (23, 32, "e73a084f2484aae39468faf77fdc06424fea88f5280e889c644aac6da5d9226e"),
    "3PcNNYSFeXh/d3eld0iHZoZgVwh2": (32, 23, "ca69303da81bcf3757ba72948dd1cf85a4ef359c973efb695fca1fd7dabdcc5e"),
}
"""Hash to width, height and the SHA-256 of the RGBA pixels."""


@pytest.mark.parametrize("encoded", REFERENCE)
def test_every_pixel_is_the_one_that_the_reference_makes(encoded: str) -> None:
    decoded = thumbhash.decode(encoded)
    assert decoded is not None
    assert (decoded.width, decoded.height, hashlib.sha256(decoded.pixels).hexdigest()) == REFERENCE[encoded]


@pytest.mark.parametrize("encoded", REFERENCE)
def test_the_png_holds_those_pixels(encoded: str) -> None:
    decoded = thumbhash.decode(encoded)
    assert decoded is not None
    image = Image.open(io.BytesIO(decoded.png()))
    assert image.size == (decoded.width, decoded.height)
    assert image.convert("RGBA").tobytes() == decoded.pixels


@pytest.mark.parametrize("encoded", ["", "AAAA", "not base64 at all!", base64.b64encode(bytes(5)).decode(), "3PcNNYSF"])
def test_what_is_no_thumbhash_is_none(encoded: str) -> None:
    assert thumbhash.decode(encoded) is None


@pytest.mark.parametrize("first", range(0, 256, 17))
def test_no_bytes_can_make_it_fail(first: int) -> None:
    for length in range(30):
        thumbhash.decode(base64.b64encode(bytes((first + 31 * at) % 256 for at in range(length))).decode())
