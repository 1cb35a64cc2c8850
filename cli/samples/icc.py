"""A Display P3 profile, written by hand: three primaries, a white, and the sRGB curve (ICC.1:2010, version 4)."""

import struct

PRIMARIES = {
    b"rXYZ": (0.515102, 0.241196, -0.001054),
    b"gXYZ": (0.291962, 0.692245, 0.041885),
    b"bXYZ": (0.157153, 0.066574, 0.784073),
}
"""P3 primaries adapted to D50 by Bradford, as in Apple's own profile."""
WHITE = (0.964203, 1.0, 0.824905)
CURVE = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
"""The sRGB curve as parameters g, a, b, c, d of a parametric curve of type 3."""


def display_p3() -> bytes:
    """The whole profile, some 500 bytes."""
    curve = b"para\0\0\0\0" + struct.pack(">HH", 3, 0) + b"".join(_fixed(value) for value in CURVE)
    tags = {
        b"desc": _text("Display P3"),
        b"cprt": _text("CC0"),
        b"wtpt": _xyz(WHITE),
        **{name: _xyz(primary) for name, primary in PRIMARIES.items()},
        b"rTRC": curve,
        b"gTRC": curve,
        b"bTRC": curve,
    }
    return _profile(tags)


def _profile(tags: dict[bytes, bytes]) -> bytes:
    offset = 128 + 4 + 12 * len(tags)
    directory, body = struct.pack(">I", len(tags)), b""
    for name, tag in tags.items():
        directory += struct.pack(">4sII", name, offset + len(body), len(tag))
        body += tag + b"\0" * (-len(tag) % 4)
    header = struct.pack(">I4s4s4s4s4s", offset + len(body), b"\0\0\0\0", b"\x04\0\0\0", b"mntr", b"RGB ", b"XYZ ")
    header += struct.pack(">6H4s", 2026, 1, 1, 0, 0, 0, b"acsp") + b"\0" * 28 + b"".join(_fixed(part) for part in WHITE)
    return header.ljust(128, b"\0") + directory + body


def _fixed(value: float) -> bytes:
    return struct.pack(">i", round(value * 65536))


def _xyz(values: tuple[float, float, float]) -> bytes:
    return b"XYZ \0\0\0\0" + b"".join(_fixed(value) for value in values)


def _text(words: str) -> bytes:
    encoded = words.encode("utf-16-be")
    return b"mluc\0\0\0\0" + struct.pack(">II2s2sII", 1, 12, b"en", b"US", len(encoded), 28) + encoded
