"""A Display-P3 profile, built by code: what iPhones embed, down to the curve."""

import struct

#: D50-adapted columns of Display-P3's matrix (SMPTE EG 432-1 primaries, white D65, Bradford), as Apple's profile has
#: them in s15Fixed16.
COLUMNS = {
    b"rXYZ": (0.515121, 0.241196, -0.001053),
    b"gXYZ": (0.291977, 0.692245, 0.041885),
    b"bXYZ": (0.157104, 0.066574, 0.784073),
}

#: The profile connection space's white, D50 (ICC.1, 7.2.16).
WHITE = (0.9642, 1.0, 0.8249)

#: sRGB's curve as ICC's parametric type 3: gamma, a, b, c, d (IEC 61966-2-1).
CURVE = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)


def profile() -> bytes:
    """An ICC 4 matrix profile of a display."""
    tags = {
        b"desc": text("Display P3"),
        b"cprt": text("No copyright, use freely"),
        b"wtpt": b"XYZ \0\0\0\0" + fixed(*WHITE),
        **{name: b"XYZ \0\0\0\0" + fixed(*column) for name, column in COLUMNS.items()},
        **{name: b"para\0\0\0\0" + struct.pack(">HH", 3, 0) + fixed(*CURVE) for name in (b"rTRC", b"gTRC", b"bTRC")},
    }
    at = 128 + 4 + 12 * len(tags)
    table, body = struct.pack(">I", len(tags)), b""
    for name, tag in tags.items():
        padded = tag + b"\0" * (-len(tag) % 4)
        table += name + struct.pack(">II", at + len(body), len(tag))
        body += padded
    return header(at + len(body)) + table + body


def header(size: int) -> bytes:
    """The 128 bytes at the start (ICC.1, 7.2): version 4, a display, RGB to XYZ, perceptual."""
    start = struct.pack(">I4sI4s4s4s", size, b"\0\0\0\0", 0x04000000, b"mntr", b"RGB ", b"XYZ ")
    date = struct.pack(">6H", 2026, 1, 1, 0, 0, 0)
    return (start + date + b"acsp" + b"\0" * 28 + fixed(*WHITE)).ljust(128, b"\0")


def fixed(*numbers: float) -> bytes:
    """Numbers as s15Fixed16."""
    return b"".join(struct.pack(">i", round(number * 65536)) for number in numbers)


def text(words: str) -> bytes:
    """One string, in English, as a multiLocalizedUnicode (ICC.1, 10.15)."""
    encoded = words.encode("utf-16-be")
    return b"mluc\0\0\0\0" + struct.pack(">II2s2sII", 1, 12, b"en", b"US", len(encoded), 28) + encoded
