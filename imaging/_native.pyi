"""The Rust face of imaging, typed."""

def blake3(data: bytes) -> str:
    """BLAKE3 of `data`: 64 lower-case hex digits."""

def thumbhash(width: int, height: int, rgba: bytes) -> bytes:
    """ThumbHash of `width` x `height` RGBA pixels, not premultiplied, each edge 1 to 100; ValueError otherwise."""

def clear_environment() -> None:
    """Drop all of C's environment. Like all below, raises OSError where the kernel or libc refuses."""

def die_with_parent() -> None:
    """Die when the thread that started this process does."""

def forbid_calls() -> None:
    """Refuse, in all threads and for good, every system call but those that making pixels takes (seccomp)."""

def forbid_dumping() -> None:
    """Keep others of the same user from attaching to this process, and its memory out of core files."""

def forbid_files() -> None:
    """Close the file system, TCP and other processes to this thread and those it starts (Landlock)."""

def forbid_new_privileges() -> None:
    """Let no exec give this process more rights than it has."""

def share_heaps(count: int) -> None:
    """Share `count` heaps of glibc among all threads."""
