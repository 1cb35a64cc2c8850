"""What the demo uploads: a folder of the user's, or samples drawn for it."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from cli.complaint import Complaint
from cli.samples.plan import PLANTED, folder, plan

ROOT = Path(__file__).parent.parent
PYTHON = ROOT / ".venv-embedded" / "bin" / "python"
"""The environment that can draw; the program itself needs neither numpy nor Pillow."""
CACHE = ROOT / ".cache" / "samples"

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".gif", ".tif", ".tiff", ".avif", ".heic", ".heif"})
SOUND: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Original:
    """A file and the key it gets. `expected`: the reasons to refuse it; none: publish it; None: who knows."""

    path: Path
    key: str
    bytes: int
    expected: frozenset[str] | None = None


def of_folder(directory: Path) -> tuple[Original, ...]:
    """The images below a folder, by name. Raises Complaint."""
    directory = directory.expanduser()  # not every shell does it in DIR=~/Pictures
    if not directory.exists():
        raise Complaint(f"there is no folder {directory}: name one with photographs in it")
    if not directory.is_dir():
        raise Complaint(f"{directory} is a file: name the folder it is in")
    found = tuple(_original(path, _key(path, directory)) for path in sorted(_images(directory)))
    if not found:
        known = ", ".join(sorted(suffix[1:] for suffix in SUFFIXES))
        raise Complaint(f"there are no images in {directory}: looked for {known}")
    return found


def below(prefix: str, originals: tuple[Original, ...]) -> tuple[Original, ...]:
    """The same, under keys that begin with the prefix."""
    return tuple(replace(original, key=prefix + original.key) for original in originals)


def _images(directory: Path) -> Iterator[Path]:
    for parent, folders, files in os.walk(directory):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            path = Path(parent, name)
            if path.suffix.lower() in SUFFIXES and not name.startswith(".") and path.is_file():
                yield path


def _key(path: Path, directory: Path) -> str:
    """The path below the folder; bytes that are no UTF-8 cannot be in a key and become U+FFFD."""
    return os.fsencode(path.relative_to(directory).as_posix()).decode("utf-8", "replace")


def _original(path: Path, key: str, expected: frozenset[str] | None = None) -> Original:
    return Original(path, key, path.stat().st_size, expected)


def of_samples(
    count: int, seed: int, drawn: Callable[[int, int], None], *, python: Path = PYTHON, cache: Path = CACHE
) -> tuple[Original, ...]:
    """Drawn samples, and those planted among them; calls `drawn(number, of)` as they are made. Raises Complaint."""
    directory = cache / folder(seed)
    samples = [(sample.name, SOUND) for sample in plan(count, seed)]
    wanted = samples + [(planted.name, planted.reasons) for planted in PLANTED]
    if not all((directory / name).is_file() for name, _ in wanted):
        _draw(python, directory, count, seed, drawn)
    return tuple(_original(directory / name, name, expected) for name, expected in wanted)


def _draw(python: Path, directory: Path, count: int, seed: int, drawn: Callable[[int, int], None]) -> None:
    if not python.exists():
        raise Complaint(f"the samples cannot be drawn, {python} is missing: run `make setup`")
    command = [str(python), "-m", "cli.samples", str(directory), "--count", str(count), "--seed", str(seed)]
    drawing = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        for line in drawing.stdout or ():
            number, _, of = line.strip().partition("/")
            drawn(int(number), int(of))
        _, talk = drawing.communicate()
    finally:
        if drawing.poll() is None:
            os.killpg(drawing.pid, signal.SIGKILL)
            drawing.wait()
    if drawing.returncode:
        last = talk.strip().rpartition("\n")[2] or f"status {drawing.returncode}"
        raise Complaint(f"the samples were not drawn: {last}")
