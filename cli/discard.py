"""Letters that nobody can read, written to a file and then removed: no redrive can do anything for them.

look ─▶ plan ─▶ agreed ─▶ the file, open and on the disc ─▶ a letter: written, on the disc, removed ─▶ the next
"""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO

import typer

from cli.complaint import Complaint
from cli.display import talk
from cli.driving import agreed, answer
from cli.exits import Exit
from cli.text import counted
from jobs import letters
from jobs.letters import Box, Group, Trouble
from jobs.ports import Letter


def discard(
    found: Sequence[Trouble], boxes: Sequence[Box], path: Path, *, dry_run: bool, yes: bool, as_json: bool
) -> None:
    """Removes letters that name no source, all of what was found. Raises Complaint where `path` cannot keep them."""
    groups = letters.groups(found)
    plan = _plan(groups, len(found), path)
    if dry_run or not found:
        data = [asdict(group) for group in groups]
        lines = [f"{name}: {said}" for name, said in plan.items()] if found else ["nothing to discard"]
        answer({"groups": data, "would_discard": len(found), "file": str(path)}, "\n".join(lines), as_json=as_json)
        return
    agreed(plan, yes=yes)
    try:
        with _opened(path) as file:
            count = sum(letters.discard(found, box, _writing(file)) for box in boxes)
    except OSError as error:
        said = f"{path}: {error.strerror}: what did not get there stays in its queue"
        talk.print(said, markup=False, soft_wrap=True)
        raise typer.Exit(Exit.STOPPED) from None
    answer(
        {"discarded": count, "file": str(path)},
        f"{counted(count, 'letter')} written to {path} and removed",
        as_json=as_json,
    )


def _plan(groups: Sequence[Group], count: int, path: Path) -> dict[str, str]:
    reasons = {group.reason: f"{group.count:,}" for group in groups}
    after = ", after what is in it" if _is_there(path) else ""
    return reasons | {"to discard": counted(count, "letter"), "written to": f"{path}{after}"}


def _is_there(path: Path) -> bool:
    """Raises Complaint of what would keep no letters: a directory, a pipe, a terminal."""
    try:
        if path.exists() and not path.is_file():
            raise Complaint(f"--discard {path}: that is no file, and would keep no letters")
        return path.exists()
    except OSError as error:
        raise Complaint(f"--discard {path}: {error.strerror}") from None


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """At its end, on a line of its own: nothing that it holds is written over. Raises Complaint."""
    try:
        file = path.open("a+b")
        if file.tell() and _last(file) != b"\n":
            file.write(b"\n")
        _synced(file)
        _named(path)
    except OSError as error:
        raise Complaint(f"--discard {path}: {error.strerror}") from None
    with file:
        yield file


def _last(file: BinaryIO) -> bytes:
    file.seek(-1, os.SEEK_END)
    return file.read(1)


def _named(path: Path) -> None:
    """A new file's name is in its directory, which reaches the disc by itself."""
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _writing(file: BinaryIO) -> Callable[[Letter], None]:
    def write(letter: Letter) -> None:
        kept = {
            "id": letter.id,
            "sent": letter.sent,
            "reason": letter.reason,
            "detail": letter.detail,
            "body": letter.body,
        }
        file.write(json.dumps(kept).encode() + b"\n")
        _synced(file)

    return write


def _synced(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())
