"""Folders that the user names, to read from and to write to."""

import tempfile
from pathlib import Path

import typer

from cli.complaint import Complaint


def named(text: str) -> Path:
    """Raises typer.BadParameter for no name at all: that would be the folder this runs in, which nobody meant."""
    if not text:
        raise typer.BadParameter("name a folder; . is the one you are in")
    return Path(text)


def writable(folder: Path, option: str) -> None:
    """Makes it where it is not there, and tries whether it takes a file. Raises Complaint, which names the option."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise Complaint(f"cannot write to {folder}: {error.strerror}; name another folder with {option}") from None
