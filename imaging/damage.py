"""What a decoder says, translated once: the original is damaged, and how."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from imaging.ends import whole
from imaging.errors import Reason, Rejected
from imaging.formats import Format

#: How the decoders say that a file asks for more than they grant.
BEYOND = re.compile(
    r"byte limit|security limit|user limit|memory allocation|out of memory|(?<!factors )too large|too big",
    re.IGNORECASE,
)

REMARK = re.compile(r"bad seek|^\s*unable to (?:call|copy|load)")


@contextmanager
def damage(original: bytes, format: Format, *errors: type[Exception]) -> Iterator[None]:
    """Turn any of `errors`, met while an original is read, into its rejection."""
    try:
        yield
    except errors as error:
        raise Rejected(blame(str(error), original, format), gist(str(error))) from None


def blame(message: str, original: bytes, format: Format) -> Reason:
    """The reason behind a decoder's refusal: its own limits, or else a file that is cut short or damaged."""
    if BEYOND.search(message):
        return Reason.TOO_MUCH_MEMORY
    return Reason.CORRUPT if whole(format.name, original) else Reason.TRUNCATED


def gist(message: str) -> str:
    """The first thing that a decoder said, without libvips' remarks on what it was doing then."""
    telling = [line.strip() for line in message.splitlines() if line.strip() and not REMARK.search(line)]
    return telling[0][:200] if telling else "unreadable"
