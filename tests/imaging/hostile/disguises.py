"""What is no picture of ours, whatever it calls itself; and what is two things at once."""

import gzip
import io
import struct
import zipfile
from collections.abc import Iterator

from imaging.errors import Reason
from tests.imaging.drawing import exif, write
from tests.imaging.hostile.sample import DAMAGED, FOREIGN, LYING, Sample, either, picture, refused, rendered

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><image href="file:///etc/passwd"/></svg>'
LAUGHS = b'<!DOCTYPE svg [<!ENTITY a "ha">%s]><svg>&z;</svg>' % b"".join(
    b'<!ENTITY %c "%s">' % (letter, b"&%c;" % (letter - 1) * 10) for letter in range(98, 123)
)


def box(kind: bytes, content: bytes = b"") -> bytes:
    """A box of ISO media."""
    return struct.pack(">I", 8 + len(content)) + kind + content


def ftyp(brand: bytes, *others: bytes) -> bytes:
    """The box that says what kind of media follows."""
    return box(b"ftyp", brand + bytes(4) + b"".join(others))


def archive() -> bytes:
    """A zip."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("evil.php", "<?php ?>")
    return out.getvalue()


def raw(make: bytes) -> bytes:
    """As most cameras' raw files are: a TIFF whose first picture is a small one."""
    small = write(picture(160, 120), "tiff")
    (at,) = struct.unpack_from("<I", small, 4)
    (count,) = struct.unpack_from("<H", small, at)
    entries = small[at + 2 : at + 2 + 12 * count]
    entries = struct.pack("<HHII", 254, 4, 1, 1) + entries
    return small[:4] + struct.pack("<I", len(small)) + small[8:] + struct.pack("<H", count + 1) + entries + bytes(4)


NOT_IMAGES: dict[str, bytes] = {
    "nothing": b"",
    "a byte": b"\xff",
    "a line feed": b"\n",
    "a zero": b"\0",
    "zeros": bytes(5000),
    "text": b"Once upon a time there was a picture.\n" * 50,
    "a matrix": b"3 3\n1 2 3\n4 5 6\n7 8 9\n",
    "a filter of libvips": b"3 3 9 0\n1 1 1\n1 1 1\n1 1 1\n",
    "a table": b"1,2,3\n4,5,6\n",
    "a page": b"<!DOCTYPE html><html><body><img src=x onerror=alert(1)></body></html>",
    "JSON": b'{"width": 1}',
    "XML": b'<?xml version="1.0"?><a/>',
    "a program": b"\x7fELF\x02\x01\x01" + bytes(500),
    "a script": b"#!/bin/sh\nrm -rf /\n",
    "MVG": b"push graphic-context\nviewbox 0 0 640 480\n"
    b"fill 'url(https://example.com/x\";ls \"-la)'\npop graphic-context\n",
    "MSL": b'<?xml version="1.0"?><image><read filename="/etc/passwd"/><write filename="x.png"/></image>',
    "PostScript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd) (r) file\n",
    "an archive": archive(),
    "a gzip": gzip.compress(b"x" * 1000),
    "a compressed SVG": gzip.compress(SVG),
    "sound": b"RIFF\x24\0\0\0WAVEfmt " + bytes(100),
    "an AVI": b"RIFF\x24\0\0\0AVI LIST" + bytes(100),
    "a song": b"ID3\x03\0\0\0" + bytes(500),
    "PBM": b"P1\n2 2\n1 0 0 1\n",
    "PGM": b"P5\n2 2\n255\n\x01\x02\x03\x04",
    "PPM": b"P6\n2 2\n255\n" + bytes(12),
    "PFM": b"PF\n2 2\n-1.0\n" + bytes(48),
    "a high dynamic range": b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 2 +X 2\n" + bytes(16),
    "OpenEXR": b"\x76\x2f\x31\x01\x02\0\0\0" + bytes(200),
    "FITS": b"SIMPLE  =                    T" + b" " * 2850,
    "DICOM": bytes(128) + b"DICM" + bytes(200),
    "NIfTI": struct.pack("<I", 348) + bytes(340) + b"n+1\0",
    "MATLAB": b"MATLAB 5.0 MAT-file" + b" " * 200,
    "a vips image": b"\xb6\xa6\xf2\x08" + struct.pack("<III", 2, 2, 3) + bytes(100),
    "a vips image the other way round": b"\x08\xf2\xa6\xb6" + struct.pack(">III", 2, 2, 3) + bytes(100),
    "a reference to a file": b"/etc/passwd",
    "an address": b"https://example.com/a.jpg",
    "a Truevision image": bytes((0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 2, 0, 24, 0)) + bytes(12),
    "a magic number behind a line feed": b"\n\xff\xd8\xff" + bytes(100),
    "a JPEG's magic number, two bytes of it": b"\xff\xd8",
    "a PNG spoilt by a text transfer": b"\x89PNG\n\x1a\n" + bytes(100),
}

UNSUPPORTED: dict[str, bytes] = {
    "SVG": SVG,
    "SVG behind its declaration": b'<?xml version="1.0" encoding="UTF-8"?>\n' + SVG,
    "SVG behind a mark of order": b"\xef\xbb\xbf" + SVG,
    "SVG behind spaces": b"  \n\t" + SVG,
    "SVG with a billion laughs": LAUGHS,
    "SVG behind a comment": b"<!-- a picture -->" + SVG,
    "PDF": b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\n%%EOF",
    "BMP": b"BM" + struct.pack("<IHHI", 70, 0, 0, 54) + struct.pack("<IiiHH", 40, 2, 2, 1, 24) + bytes(40),
    "an icon": b"\0\0\x01\0\x01\0" + bytes(60),
    "Photoshop": b"8BPS\0\x01" + bytes(100),
    "JPEG 2000": b"\0\0\0\x0cjP  \r\n\x87\n" + ftyp(b"jp2 "),
    "a JPEG 2000 stream": b"\xff\x4f\xff\x51" + bytes(100),
    "JPEG XL": b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(100),
    "a JPEG XL stream": b"\xff\x0a" + bytes(100),
    "a film": ftyp(b"isom", b"mp42") + box(b"mdat", bytes(100)),
    "a QuickTime film": ftyp(b"qt  ") + box(b"mdat", bytes(100)),
    "Canon raw": b"II*\0\x10\0\0\0CR\x02\0" + bytes(200),
    "Canon raw 3": ftyp(b"crx ") + bytes(100),
    "Fujifilm raw": b"FUJIFILMCCD-RAW 0201" + bytes(200),
    "Panasonic raw": b"IIU\0" + bytes(200),
    "Olympus raw": b"IIRO" + bytes(200),
    "a raw file that is a TIFF": raw(b"NIKON"),
}


def samples() -> Iterator[Sample]:
    """All of them."""
    for name, original in NOT_IMAGES.items():
        yield refused(name, original, FOREIGN, Reason.EMPTY)
    for name, original in UNSUPPORTED.items():
        yield refused(name, original, Reason.UNSUPPORTED_TYPE)
    bodies = {format: write(picture(), format) for format in ("jpeg", "png", "gif", "webp", "tiff", "avif")}
    magics = {
        "jpeg": b"\xff\xd8\xff",
        "png": b"\x89PNG\r\n\x1a\n",
        "gif": b"GIF89a",
        "webp": b"RIFF\xff\xff\0\0WEBP",
        "tiff": b"II*\0",
        "avif": b"\0\0\0\x1cftypavif",
        "heic": b"\0\0\0\x1cftypheic",
    }
    for called, magic in magics.items():
        yield refused(f"text called {called}", magic + b"Once upon a time. " * 100, LYING)
        yield refused(f"SVG called {called}", magic + SVG, LYING)
        yield refused(f"a program called {called}", magic + b"\x7fELF" + bytes(3000), LYING)
        for holds, body in bodies.items():
            if holds != called:
                yield refused(f"{holds} called {called}", magic + body, LYING)
                yield refused(f"{holds} with the magic of {called}", magic + body[len(magic) :], LYING)
    for format, body in bodies.items():
        yield refused(f"PDF that is {format} as well", b"%PDF-1.4\n" + body, FOREIGN)
        yield refused(f"page that is {format} as well", b"<html>" + body, FOREIGN)
        behind = body + b"\n<script>alert(1)</script>" + archive()
        yield either(f"{format} that is an archive as well", behind, DAMAGED)
    yield rendered(
        "jpeg with SVG in its description", write(picture(), "jpeg", exif=exif(ImageDescription=SVG.decode())), picture
    )
