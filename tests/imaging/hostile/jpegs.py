"""Hostile JPEGs. Segments by T.81, annex B."""

import io
import struct
from collections.abc import Iterator
from functools import partial

from PIL import Image, ImageCms

from imaging.errors import Reason
from tests.imaging.drawing import exif, write
from tests.imaging.hostile.sample import (
    BOMB,
    DAMAGED,
    LYING,
    Sample,
    cuts,
    either,
    flips,
    holes,
    picture,
    refused,
    rendered,
)

SOI, EOI, SOS, DHT, DQT, DRI, DNL, COM, APP0, APP1, APP2, APP14 = (
    b"\xff" + bytes([code]) for code in (0xD8, 0xD9, 0xDA, 0xC4, 0xDB, 0xDD, 0xDC, 0xFE, 0xE0, 0xE1, 0xE2, 0xEE)
)


def base(**options: object) -> bytes:
    """A good one."""
    return write(picture(), "jpeg", **options)


def segment(marker: bytes, content: bytes) -> bytes:
    """A marker segment."""
    return marker + struct.pack(">H", len(content) + 2) + content


def parts(original: bytes) -> list[tuple[bytes, int, int]]:
    """Each segment up to the first scan: its marker, where it starts, where it ends."""
    found, at = [], 2
    while True:
        marker, (length,) = original[at : at + 2], struct.unpack_from(">H", original, at + 2)
        found.append((marker, at, at + 2 + length))
        at += 2 + length
        if marker == SOS:
            return found


def at(original: bytes, *markers: bytes) -> tuple[int, int]:
    """Where the first segment with one of these markers is."""
    return next((start, end) for marker, start, end in parts(original) if marker in markers)


def without(original: bytes, marker: bytes) -> bytes:
    """All segments of a kind left out."""
    for found, start, end in reversed(parts(original)):
        if found == marker:
            original = original[:start] + original[end:]
    return original


def inserted(original: bytes, *segments: bytes) -> bytes:
    """Segments put right behind the start."""
    return original[:2] + b"".join(segments) + original[2:]


def header(original: bytes, offset: int, value: bytes) -> bytes:
    """The frame header changed: 4 precision, 5 height, 7 width, 9 components, 10 the first one's id, 11 sampling."""
    start, _ = at(original, b"\xff\xc0", b"\xff\xc1", b"\xff\xc2")
    return original[: start + offset] + value + original[start + offset + len(value) :]


def frame(original: bytes, code: int) -> bytes:
    """Called another process: lossless, hierarchical, ..."""
    start, _ = at(original, b"\xff\xc0", b"\xff\xc2")
    return original[: start + 1] + bytes([code]) + original[start + 2 :]


def scans(original: bytes) -> list[int]:
    """Where each scan starts."""
    found, place = [], original.find(SOS)
    while place >= 0:
        found.append(place)
        place = original.find(SOS, place + 2)
    return found


def many_scans(count: int, width: int, height: int) -> bytes:
    """A progressive JPEG whose last scan, cheap to say and dear to decode, comes again and again."""
    original = write(picture(16, 16), "jpeg", progressive=True)
    original = header(original, 5, struct.pack(">HH", height, width))
    empty = segment(SOS, b"\x01\x01\x00\x01\x05\x00") + b"\xff\x00" * 2
    return original[:-2] + empty * count + EOI


def exif_loop() -> bytes:
    """A directory that is its own next one, and holds itself."""
    entries = struct.pack("<HHHII", 1, 0x8769, 4, 1, 8) + struct.pack("<I", 8)
    return b"Exif\0\0II*\0\x08\0\0\0" + entries


def profile(size: int) -> bytes:
    """sRGB, blown up to so many bytes."""
    whole = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return struct.pack(">I", size) + whole[4:] + bytes(size - len(whole))


def icc_chunks(content: bytes, total: int | None = None, skip: int = -1) -> list[bytes]:
    """A profile spread over segments; of which one may be missing, or their number a lie."""
    pieces = [content[place : place + 65_519] for place in range(0, len(content), 65_519)]
    count = total or len(pieces)
    return [
        segment(APP2, b"ICC_PROFILE\0" + bytes([index + 1 & 255, count & 255]) + piece)
        for index, piece in enumerate(pieces)
        if index != skip
    ]


def strip(width: int, height: int) -> bytes:
    """As long as a JPEG can be, and one pixel wide."""
    return write(picture(width, height), "jpeg")


def structure() -> Iterator[Sample]:
    """What every JPEG is made of: cut, left out, repeated, or telling lies."""
    whole, restarts, progressive = base(), base(restart_marker_blocks=4), base(progressive=True)
    edges = [place for _, start, end in parts(whole) for place in (start + 2, start + 3, end)]
    yield from cuts("jpeg", whole, [2, 3, *edges, len(whole) // 2, len(whole) - 50, len(whole) - 1, len(whole) - 2])
    starts = scans(progressive)
    yield from cuts("progressive jpeg", progressive, [*starts, *(start + 20 for start in starts), len(progressive) - 2])
    for number, start in enumerate(starts[1:], 1):
        yield Sample(
            f"progressive jpeg that ends properly after {number} of {len(starts)} scans",
            partial(bytes, progressive[:start] + EOI),
            DAMAGED,
            whole=picture,
        )
    middle = (len(whole) + at(whole, SOS)[1]) // 2
    for where in (at(whole, SOS)[1], at(whole, SOS)[1] + 10, middle):
        yield refused(f"jpeg closed properly at {where}", whole[:where] + EOI, DAMAGED)
    for marker, name in ((DQT, "quantisation tables"), (DHT, "Huffman tables"), (b"\xff\xc0", "frame"), (SOS, "scan")):
        if marker == DHT:
            yield either(f"jpeg without {name}", without(whole, marker), DAMAGED)  # some decoders know Annex K's
        else:
            yield refused(f"jpeg without {name}", without(whole, marker), DAMAGED)
    start, end = at(whole, b"\xff\xc0")
    yield refused("jpeg with two frames", whole[:end] + whole[start:], DAMAGED)
    yield either("jpeg with two pictures, one behind the other", whole + whole)
    yield refused("jpeg in jpeg without an end", whole[:middle] + whole, DAMAGED)
    for _, start, _ in parts(whole):
        for length in (0, 1, 2, 3, 0xFFFF):
            lie = whole[: start + 2] + struct.pack(">H", length) + whole[start + 4 :]
            yield either(f"jpeg whose segment at {start} has length {length}", lie, LYING)
    yield from flips("jpeg", whole, 40, seed=1)
    yield from flips("jpeg header", whole, 40, seed=2, end=at(whole, SOS)[1])
    yield from flips("progressive jpeg", progressive, 25, seed=3)
    yield from flips("jpeg with restarts", restarts, 25, seed=4)
    for name, original in (("jpeg", whole), ("jpeg with restarts", restarts), ("progressive jpeg", progressive)):
        yield from holes(name, original, 4, 300)
        yield from holes(name, original, 3, 300, 0xFF)
    yield either("jpeg whose restarts are out of order", restarts.replace(b"\xff\xd3", b"\xff\xd5"), DAMAGED)
    yield refused("jpeg whose restarts are missing", restarts.replace(b"\xff\xd4", b""), DAMAGED)
    yield refused("jpeg that restarts where it did not say so", without(restarts, DRI), DAMAGED)


def headers() -> Iterator[Sample]:
    """Frames that no picture goes with."""
    whole = base()
    for width, height in ((0, 150), (200, 0), (0, 0)):
        yield refused(f"jpeg of {width} x {height}", header(whole, 5, struct.pack(">HH", height, width)), DAMAGED)
    for width, height in ((65_535, 65_535), (65_500, 65_500), (30_000, 30_000)):
        lie = header(whole, 5, struct.pack(">HH", height, width))
        yield refused(f"jpeg that says {width} x {height}", lie, LYING)
    for width, height in ((200, 151), (200, 158), (200, 300), (201, 150), (216, 150), (400, 300), (8000, 8000)):
        lie = header(whole, 5, struct.pack(">HH", height, width))
        yield either(f"jpeg that says {width} x {height}", lie, LYING)
    for width, height in ((200, 75), (100, 150), (8, 8), (1, 1)):
        lie = header(whole, 5, struct.pack(">HH", height, width))
        yield either(f"jpeg that says {width} x {height}", lie, DAMAGED)  # the rest is rubbish behind its end
    for precision in (0, 1, 7, 9, 12, 16, 255):
        yield refused(f"jpeg of {precision} bits", header(whole, 4, bytes([precision])), DAMAGED)
    for components in (0, 1, 2, 4, 5, 255):
        yield refused(f"jpeg of {components} components", header(whole, 9, bytes([components])), DAMAGED)
    for sampling in (0x00, 0x01, 0x10, 0x14, 0x33, 0x44, 0x55, 0xFF):
        yield either(f"jpeg sampled {sampling:02x}", header(whole, 11, bytes([sampling])), DAMAGED)
    for code in (0xC3, 0xC5, 0xC6, 0xC7, 0xC8, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF, 0xF7):
        arithmetic = code in {0xC9, 0xCA}  # which has no wrong codes
        yield (either if arithmetic else refused)(f"jpeg whose frame is called {code:02x}", frame(whole, code), DAMAGED)
    yield refused("baseline jpeg called progressive", frame(whole, 0xC2), DAMAGED)
    yield either("progressive jpeg called baseline", frame(base(progressive=True), 0xC0), DAMAGED)
    dnl = header(whole, 5, b"\0\0")[:-2] + segment(DNL, struct.pack(">H", 150)) + EOI
    yield refused("jpeg whose height comes behind the scan", dnl, DAMAGED)
    yield refused(
        "jpeg of 1 x 1 that starts no scan",
        SOI + segment(b"\xff\xc0", b"\x08\0\x01\0\x01\x01\x01\x11\0") + EOI,
        DAMAGED,
    )


def bombs() -> Iterator[Sample]:
    """Dear to decode, cheap to send."""
    yield refused("progressive jpeg of 20,000 scans", partial(many_scans, 20_000, 4000, 4000), LYING)
    yield refused("progressive jpeg of 1,000 scans", partial(many_scans, 1_000, 8000, 8000), LYING)
    yield refused("progressive jpeg of 3,000 small scans", partial(many_scans, 3_000, 256, 256), LYING)
    yield refused("progressive jpeg of 100 megapixels", partial(many_scans, 1, 10_000, 10_000), LYING)
    yield refused("jpeg of 97 MiB", lambda: base() + bytes(97 * 2**20), BOMB)
    comment = segment(COM, bytes(65_533))
    yield either("jpeg with 60 MB of comments", lambda: inserted(base(), comment * 900), BOMB)
    yield either("jpeg with a million empty comments", lambda: inserted(base(), segment(COM, b"") * 1_000_000), BOMB)
    maximum = segment(APP1, exif(ImageDescription="x" * 65_000))
    yield either("jpeg with 500 EXIF blocks", lambda: inserted(base(), maximum * 500), BOMB)
    xmp = segment(APP1, b"http://ns.adobe.com/xap/1.0/\0" + b"<x>" * 21_000)
    yield either("jpeg with 500 XMP packets", lambda: inserted(base(), xmp * 500), BOMB)
    yield refused("jpeg with a profile of 8 MB", lambda: inserted(base(), *icc_chunks(profile(8_000_000))), BOMB)
    yield rendered("jpeg with a profile of 2 MB", lambda: inserted(base(), *icc_chunks(profile(2_000_000))), picture)
    yield rendered("jpeg of 1 x 65,500", partial(strip, 1, 65_500))
    yield rendered("jpeg of 65,500 x 1", partial(strip, 65_500, 1))
    yield rendered("jpeg of 16 x 65,500", partial(strip, 16, 65_500))


def metadata() -> Iterator[Sample]:
    """Metadata that bites. The picture beside it is good, and must show."""
    whole = base()
    loop = segment(APP1, exif_loop())
    yield rendered("jpeg whose EXIF is a circle", inserted(whole, loop), picture)
    for offset in (0, 7, 9, 0x7FFFFFFF, 0xFFFFFFFF):
        block = b"Exif\0\0II*\0" + struct.pack("<I", offset) + bytes(20)
        yield rendered(f"jpeg whose EXIF starts at {offset:#x}", inserted(whole, segment(APP1, block)), picture)
    for kind, count in ((0, 1), (2, 9), (3, 0), (3, 0xFFFFFFFF), (4, 1), (12, 3), (99, 1)):
        entry = struct.pack("<HHHII", 1, 0x0112, kind, count, 6) + bytes(4)
        block = b"Exif\0\0II*\0\x08\0\0\0" + entry
        yield either(f"jpeg whose orientation is {count:#x} of type {kind}", inserted(whole, segment(APP1, block)))
    yield rendered("jpeg with an empty EXIF", inserted(whole, segment(APP1, b"Exif\0\0")), picture)
    yield rendered("jpeg with a profile of nonsense", inserted(whole, *icc_chunks(b"nonsense" * 50)), picture)
    yield rendered("jpeg with an empty profile", inserted(whole, *icc_chunks(b"")), picture)
    long = icc_chunks(profile(200_000))
    yield rendered("jpeg whose profile lacks a part", inserted(whole, long[0], *long[2:]), picture)
    yield rendered("jpeg whose profile comes backwards", inserted(whole, *reversed(long)), picture)
    yield rendered("jpeg whose profile comes twice", inserted(whole, *long, *long), picture)
    yield rendered("jpeg whose profile says 255 parts", inserted(whole, *icc_chunks(profile(200_000), 255)), picture)
    yield rendered("jpeg whose profile says no parts", inserted(whole, *icc_chunks(profile(200_000), 256)), picture)
    for size in (0, 127, 0xFFFFFFFF):
        lie = struct.pack(">I", size) + profile(3000)[4:]
        yield rendered(f"jpeg whose profile says {size:#x} bytes", inserted(whole, *icc_chunks(lie)), picture)
    tags = bytearray(profile(3000))
    tags[128:132] = b"\xff\xff\xff\xff"
    yield rendered("jpeg whose profile has 4 billion tags", inserted(whole, *icc_chunks(bytes(tags))), picture)
    grey = Image.fromarray(picture()).convert("L")
    out = io.BytesIO()
    grey.save(out, "jpeg", quality=95, icc_profile=profile(3000))
    yield rendered("grey jpeg with a profile for colours", out.getvalue())
    yield rendered("jpeg with fill bytes", inserted(whole, b"\xff" * 1000 + segment(COM, b"x")), picture)
    yield either("jpeg with rubbish between segments", inserted(whole, bytes(range(1, 200))), DAMAGED)
    yield rendered("jpeg followed by rubbish", whole + bytes(range(256)) * 100, picture)
    yield rendered("jpeg followed by an archive", whole + b"PK\x03\x04" + bytes(5000), picture)
    yield rendered(
        "jpeg with a program in its comment", inserted(whole, segment(COM, b"<?php system($_GET[0]) ?>")), picture
    )
    for transform in (1, 2, 3, 255):
        adobe = segment(APP14, b"Adobe\0\x64\0\0\0\0" + bytes([transform]))
        yield either(f"jpeg whose colours are transformed by {transform}", inserted(whole, adobe), DAMAGED)


def samples() -> Iterator[Sample]:
    """All of them."""
    yield from structure()
    yield from headers()
    yield from bombs()
    yield from metadata()
    yield refused("jpeg: three bytes", b"\xff\xd8\xff", Reason.TRUNCATED, Reason.CORRUPT)
