"""How names, sizes and times are written, on the terminal and on the page."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

UNITS = ("B", "kB", "MB", "GB", "TB")


def visible(text: str) -> str:
    """The text with everything that could act instead of being seen (controls, direction marks) written as escapes."""
    return "".join(letter if letter.isprintable() else _escape(letter) for letter in text)


def _escape(letter: str) -> str:
    return letter.encode("unicode_escape", "backslashreplace").decode("ascii")


def size(count: float) -> str:
    """Bytes in decimal units: `"3.1 MB"`."""
    power = 0
    while count >= 999.5 and power < len(UNITS) - 1:
        count, power = count / 1000, power + 1
    digits = 1 if power and count < 99.95 else 0
    return f"{count:,.{digits}f} {UNITS[power]}"


def duration(seconds: float) -> str:
    """`"48 s"`, `"3 min 20 s"`, `"2 h 5 min"`."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def moment(seconds: float) -> str:
    """Epoch seconds in UTC, as ISO 8601 has it; "" for never."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds") if seconds else ""


def counted(number: int, one: str, many: str = "") -> str:
    """`"1 image"`, `"2,000 images"`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def columns(rows: Iterable[Sequence[str]]) -> str:
    """Rows of as many cells, one below the other; nothing is cut, so a key can be copied from the last column."""
    table = [list(row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    padded = (
        [cell.ljust(width) for cell, width in zip(row[:-1], widths[:-1], strict=True)] + row[-1:] for row in table
    )
    return "\n".join("  ".join(row) for row in padded)
