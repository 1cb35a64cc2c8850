"""Photos: which of a folder's files can be measured, and in what order. What cannot is left out, by name, with why."""

import os
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from imaging.damage import damage
from imaging.decode import open_original
from imaging.errors import Rejected
from imaging.limits import Limits
from imaging.opened import Opened
from imaging.operations.to_srgb import applies
from imaging.vips import Error

#: How many times as long as wide: a thumb of 256 px then has the 8 px that SSIMULACRA2 asks for.
SLENDER = 32

#: EXIF, which names the camera, is in the first segments of a JPEG, of at most 64 KiB.
HEAD = 65_536


class Unfit(Exception):
    """A photo that cannot be measured; says why."""


@dataclass(frozen=True)
class Original:
    """A file to render, and what its header says: upright size, EXIF's orientation, a profile other than sRGB."""

    name: str
    path: Path
    width: int
    height: int
    orientation: int
    profile: bool


@dataclass(frozen=True)
class Photos:
    """The JPEGs in a folder and below it; `left_out` says why, of those that were looked at and found unfit."""

    folder: Path
    left_out: dict[str, str] = field(default_factory=dict)
    fit: dict[str, Original] = field(default_factory=dict)

    def choose(self, count: int, first: Callable[[Path], bool] | None = None) -> list[Original]:
        """As many as asked for, or as there are; those that are to come first, do."""
        chosen: list[Original] = []
        for path in sorted(self.files, key=lambda path: not first(path)) if first else self.files:
            if len(chosen) < count and (original := self.looked_at(path)):
                chosen.append(original)
        return chosen

    @cached_property
    def files(self) -> list[Path]:
        """In an order that mixes cameras and stays the same: shuffled by the hash of the name."""
        return sorted(jpegs(self.folder), key=lambda path: (zlib.crc32(os.fsencode(path.name)), path))

    def looked_at(self, path: Path) -> Original | None:
        """A photo, if it is fit to be measured; each is looked at once."""
        name = os.fsencode(path.relative_to(self.folder).as_posix()).decode("utf-8", "replace")
        if name not in self.fit and name not in self.left_out:
            try:
                self.fit[name] = measurable(name, path)
            except Unfit as why:
                self.left_out[name] = str(why)
        return self.fit.get(name)


def jpegs(folder: Path) -> Iterator[Path]:
    """What a JPEG's name says is one, at any depth; nothing that is hidden."""
    for parent, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for path in (Path(parent, name) for name in files if not name.startswith(".")):
            if path.suffix.lower() in (".jpg", ".jpeg"):
                yield path


def measurable(name: str, path: Path) -> Original:
    """What there is to say of a photo, once every pixel of it was decoded. Raises Unfit."""
    try:
        str(path).encode()
        body = path.read_bytes()
        opened = open_original(body, Limits())
        with damage(body, opened.format, Error):
            pixels = opened.decode(1).copy_memory()
    except UnicodeEncodeError:
        raise Unfit("its name is no UTF-8") from None
    except OSError as error:
        raise Unfit(error.strerror or str(error)) from None
    except Rejected as rejected:
        raise Unfit(str(rejected)) from None
    if opened.format.name != "jpeg":
        raise Unfit(f"no JPEG but {opened.format.name.upper()}, whatever its name says")
    if pixels.interpretation == "cmyk":
        raise Unfit("CMYK, of whose colours every contender has a notion of its own")
    if max(opened.upright) >= SLENDER * min(opened.upright):
        raise Unfit(f"too slender: {opened.width} × {opened.height}, a thumb of it cannot be judged")
    return described(name, path, opened)


def described(name: str, path: Path, opened: Opened) -> Original:
    """What a header says."""
    return Original(name, path, *opened.upright, opened.orientation, applies(opened.decode(1)))


def facts(name: str, path: Path) -> Original:
    """The same of a file that is known to be whole."""
    return described(name, path, open_original(path.read_bytes(), Limits()))


def by_an_iphone(path: Path) -> bool:
    """Whether a photo says so, whatever it is called; or is called so, where it says nothing."""
    try:
        with path.open("rb") as file:
            return b"iPhone" in file.read(HEAD) or "iphone" in path.name.lower()
    except OSError:
        return False
