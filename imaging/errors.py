"""What can go wrong with pixels, by whose fault it is.

ImagingError
├── Rejected        the image's fault: would fail again; carries a Reason
├── RecipeInvalid   the recipe author's fault; carries every Problem
├── RecipeTooNew    this code's fault: the recipe was written by a newer one
├── ChildLost       the image's fault or the machine's: only a second try, alone, tells them apart
│   ├── ChildDied   the process that made its pixels died of it: out of memory, a crash, killed
│   └── ChildHung   it did not come to an end in time
├── ChildFailed     this code's fault: something unforeseen was raised where the pixels are made
└── SandboxBroken   this machine's fault: no process comes up to make pixels in
"""

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Why an original is refused. The values are stored and shown: they may be added to, never renamed."""

    EMPTY = "empty"  # no bytes at all
    NOT_AN_IMAGE = "not-an-image"  # no format of ours starts like this
    UNSUPPORTED_TYPE = "unsupported-type"  # an image, but of a kind we do not read: camera raw, JPEG XL, SVG, ...
    TRUNCATED = "truncated"  # the file ends before its own structure says so
    CORRUPT = "corrupt"  # the decoder met bytes that make no sense
    TOO_MANY_BYTES = "too-many-bytes"  # Limits.bytes
    TOO_MANY_PIXELS = "too-many-pixels"  # Limits.pixels, or what filling a box would take
    TOO_MANY_FRAMES = "too-many-frames"  # Limits.frames
    TOO_MUCH_MEMORY = "too-much-memory"  # Limits.memory, predicted from the header
    TOO_LONG_AN_EDGE = "too-long-an-edge"  # a rendition would not fit into its format
    METADATA_TOO_LARGE = "metadata-too-large"  # Limits.icc_bytes, Limits.exif_bytes
    KILLS_WORKER = "kills-worker"  # rendering it never came to an end: refused without another try
    ARCHIVED = "archived"  # its bytes are in cold storage


class ImagingError(Exception):
    """The root: whatever imaging raises on purpose is one of these."""


class Rejected(ImagingError):
    """The original will fail again, however often it is tried."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.reason}: {self.detail}" if self.detail else str(self.reason)


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a recipe: where (`renditions[2].resize.width`) and what."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


class RecipeInvalid(ImagingError):
    """A recipe that cannot be used, with every mistake in it."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__(problems)
        self.problems = problems

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


class RecipeTooNew(ImagingError):
    """A recipe stored by a newer version of this code: hand it back to one that understands it."""

    def __init__(self, schema: int, known: int) -> None:
        super().__init__(schema, known)
        self.schema = schema
        self.known = known

    def __str__(self) -> str:
        return f"the recipe has schema {self.schema}, this code knows up to {self.known}: it takes a newer one"


class ChildLost(ImagingError):
    """The process that rendered an original is gone. No other original was touched by it."""

    def __init__(self, how: str, peak: int) -> None:
        super().__init__(how, peak)
        self.how = how
        self.peak = peak

    def __str__(self) -> str:
        return f"{self.how}, having held {self.peak / 2**20:,.0f} MiB at most"


class ChildDied(ChildLost):
    """By `how`: "memory" where it could still say so, the name of a signal, or what else is known."""


class ChildHung(ChildLost):
    """It was killed, for its time was up."""


class ChildFailed(ImagingError):
    """The child lives on; the message is its traceback."""


class SandboxBroken(ImagingError):
    """A child that was to be ready for any original never was."""
