"""An entry for the sandbox: a child on a kernel that refuses the filter of system calls, as some of Lambda's have."""

from imaging import _native
from tests.imaging import probing


def refuse() -> None:
    """As such a kernel does."""
    raise PermissionError


def main(settings: str) -> None:
    """The entry."""
    _native.forbid_calls = refuse
    probing.main(settings)
