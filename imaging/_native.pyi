"""The Rust face of imaging, typed."""

from imaging.fused import Plan

class Unsupported(Exception):
    """The core leaves this original to libvips. `args` are a word of its list and what it means."""

class Rejected(Exception):
    """The original's fault. `args` are a value of imaging.errors.Reason and the detail."""

class Probe:
    """What a header says. Width and height are as seen, upright; `footprint` is bytes held per pixel to decode it."""

    format: str
    width: int
    height: int
    orientation: int
    has_alpha: bool
    icc_bytes: int
    exif_bytes: int
    footprint: int

class Rendered:
    """The encoded renditions in the plan's order, and what was learnt on the way. Milliseconds are per stage;
    `found` has the quality and the score of each that was to have a score."""

    bodies: list[bytes]
    found: list[tuple[int, float] | None]
    blake3: str
    thumbhash: bytes
    milliseconds: dict[str, float]

def declines() -> list[tuple[str, str]]:
    """Every word that the core may decline with, and what it means."""

def probe(original: bytes) -> Probe:
    """Read the header only. Raises Unsupported, Rejected."""

def render(original: bytes, plan: Plan) -> Rendered:
    """Every rendition of the plan, the interpreter running on meanwhile. Raises Unsupported, Rejected."""

def blake3(data: bytes) -> str:
    """BLAKE3 of `data`: 64 lower-case hex digits."""

def ssimulacra2(width: int, height: int, reference: bytes, other: bytes) -> float:
    """How like two images of `width` x `height` RGB pixels look: 100 is the same, 90 looks the same, 70 is good."""

def thumbhash(width: int, height: int, rgba: bytes) -> bytes:
    """ThumbHash of `width` x `height` RGBA pixels, not premultiplied, each edge 1 to 100; ValueError otherwise."""

def gif_pixels(codes: bytes, root_bits: int) -> int | None:
    """How many pixels the LZW codes of a GIF's frame come to; None where they make no sense."""

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
