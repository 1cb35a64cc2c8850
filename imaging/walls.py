"""What stands between an original that takes over the decoder and everything else: put up once all is loaded.

Each wall holds by itself. Where a kernel refuses one (some of Lambda's have), the others still go up: without the
filter of system calls, say, no file or socket can be opened all the same, for no descriptor is left to open it with.
"""

import os
import resource
from collections.abc import Callable
from pathlib import Path

from imaging import _native

PAGE = resource.getpagesize()

#: Walls that only stand behind another one: their absence alone does not make a sandbox partial.
SPARE = frozenset(("landlock",))


def put_up(memory: int) -> tuple[str, ...]:
    """Close this process in, for good; it may take `memory` bytes more than it has. Answers what was refused."""
    walls: tuple[tuple[str, Callable[[], None]], ...] = (
        ("environment", clear_environment),
        ("oom-score", be_first_to_go),
        ("memory", lambda: bound_memory(memory)),
        ("cores", lambda: bound(resource.RLIMIT_CORE, 0)),
        ("file-sizes", lambda: bound(resource.RLIMIT_FSIZE, 0)),
        ("privileges", _native.forbid_new_privileges),
        ("landlock", _native.forbid_files),
        ("descriptors", lambda: bound(resource.RLIMIT_NOFILE, 0)),
        ("dumping", _native.forbid_dumping),
        ("seccomp", _native.forbid_calls),
    )
    return tuple(name for name, wall in walls if refused(wall))


def refused(wall: Callable[[], None]) -> bool:
    """Whether the kernel would not have it."""
    try:
        wall()
    except (OSError, ValueError):  # setrlimit says ValueError for what is above the hard limit
        return True
    return False


def clear_environment() -> None:
    """Python's view of it, and C's, into which libvips writes too."""
    os.environ.clear()
    _native.clear_environment()


def be_first_to_go() -> None:
    """When the machine runs out of memory, it is this process that pays for it."""
    Path("/proc/self/oom_score_adj").write_text("1000")


def bound_memory(more: int) -> None:
    """Address space, and what of it can be written to, as they are now and `more`."""
    mapped, _, _, _, _, data, _ = (int(pages) * PAGE for pages in Path("/proc/self/statm").read_text().split())
    bound(resource.RLIMIT_AS, mapped + more)
    bound(resource.RLIMIT_DATA, data + more)


def bound(what: int, limit: int) -> None:
    """A limit that cannot be raised again."""
    _, hard = resource.getrlimit(what)
    limit = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
    resource.setrlimit(what, (limit, limit))
