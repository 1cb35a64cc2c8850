"""Folders that the user names for what a verb writes."""

import tempfile
from pathlib import Path

from cli.complaint import Complaint


def writable(folder: Path, option: str) -> None:
    """Makes it where it is not there, and tries whether it takes a file. Raises Complaint, which names the option."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise Complaint(f"cannot write to {folder}: {error.strerror}; name another folder with {option}") from None
