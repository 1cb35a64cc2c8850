"""What a child makes of an original, on its way to the parent: written there, read here.

    {"rendered": ...}, every rendition's body       {"rejected": [reason, detail]}
    {"invalid": [[path, message], ...]}             {"failed": traceback}
    {"exhausted": true}                             no memory left

The reader believes nothing: a child may have been taken over by its original. Names, formats and the number of bytes
are what the parent asked for and sent; the rest must look like what it is to be.
"""

import math
import re
import traceback
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any, TypeVar

from imaging.channel import Garbled
from imaging.errors import ChildFailed, Problem, Reason, RecipeInvalid, Rejected
from imaging.formats import BY_NAME
from imaging.rendered import Original, Rendered, RenderedImage

BLAKE3 = re.compile(r"[0-9a-f]{64}")
THUMBHASH = re.compile(r"[A-Za-z0-9+/]{4,64}={0,2}")
WORDS = re.compile(r"[ -~]{1,200}")

Read = TypeVar("Read")

#: Characters of a fault that are passed on: our own are far shorter, and one of 400 kB fits into no record.
MAX_DETAIL = 2_000
MAX_TRACEBACK = 50_000
MAX_PROBLEMS = 100

MAX_STAGES = 100
MAX_EDGE = 1_000_000


class Exhausted(Exception):
    """The child had no memory left."""


def rendered(result: Rendered) -> dict[str, Any]:
    """A whole set of renditions. Their bodies travel beside it."""
    return {
        "rendered": {
            "sizes": [[image.width, image.height] for image in result.images],
            "original": asdict(result.original),
            "path": result.path,
            "why": result.why,
            "milliseconds": result.milliseconds,
        }
    }


def fault(error: Exception) -> dict[str, Any]:
    """What was raised instead."""
    match error:
        case Rejected():
            return {"rejected": [error.reason, error.detail]}
        case RecipeInvalid():
            return {"invalid": [[problem.path, problem.message] for problem in error.problems]}
        case MemoryError():
            return {"exhausted": True}
        case _:
            return {"failed": "".join(traceback.format_exception(error))}


def read(answer: Any, bodies: Sequence[bytes], asked: Sequence[tuple[str, str]], size: int) -> Rendered:
    """The renditions `asked` for (name and format) of an original of `size` bytes; or raises what the child met.

    Raises Exhausted, and Garbled for what no child in its right mind would answer.
    """
    match answer:
        case {"rendered": about}:
            return garbled_unless(lambda: read_rendered(about, bodies, asked, size))
        case {"rejected": [reason, str(detail)]}:
            raise Rejected(garbled_unless(lambda: Reason(reason)), passed_on(detail))
        case {"invalid": problems}:
            raise RecipeInvalid(garbled_unless(lambda: read_problems(problems)))
        case {"failed": str(told)}:
            raise ChildFailed(passed_on(told, MAX_TRACEBACK))
        case {"exhausted": True}:
            raise Exhausted
    raise Garbled("no answer")


def garbled_unless(sound: Callable[[], Read]) -> Read:
    """What is read, if that goes without a hitch."""
    try:
        return sound()
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Garbled(f"{error!r}") from None


def read_problems(problems: Any) -> tuple[Problem, ...]:
    """The mistakes of a recipe."""
    return tuple(Problem(passed_on(str(path)), passed_on(str(message))) for path, message in problems[:MAX_PROBLEMS])


def passed_on(said: str, longest: int = MAX_DETAIL) -> str:
    """The end of what was said, as far as it can be written down."""
    return said[-longest:].encode(errors="replace").decode()


def read_rendered(about: Any, bodies: Sequence[bytes], asked: Sequence[tuple[str, str]], size: int) -> Rendered:
    """The renditions, each of which is there."""
    images = tuple(
        RenderedImage(name, format, edge(width), edge(height), body)
        for (name, format), (width, height), body in zip(asked, about["sizes"], bodies, strict=True)
    )
    return Rendered(
        images,
        read_original(about["original"], size),
        path="fused" if about["path"] == "fused" else "libvips",
        why=None if about["why"] is None else text(WORDS, about["why"]),
        milliseconds=read_milliseconds(about["milliseconds"]),
    )


def read_original(about: Any, size: int) -> Original:
    """What is said of the original."""
    return Original(
        format=BY_NAME[about["format"]].name,
        width=edge(about["width"]),
        height=edge(about["height"]),
        bytes=size,
        blake3=text(BLAKE3, about["blake3"]),
        thumbhash=text(THUMBHASH, about["thumbhash"]),
    )


def read_milliseconds(stages: Any) -> dict[str, float]:
    """A finite number of finite times."""
    times = {text(WORDS, stage): float(spent) for stage, spent in stages.items()}
    if len(times) > MAX_STAGES or not all(map(math.isfinite, times.values())):
        raise ValueError("milliseconds")
    return times


def edge(pixels: Any) -> int:
    """A width or a height."""
    if type(pixels) is not int or not 1 <= pixels <= MAX_EDGE:
        raise ValueError(f"an edge of {pixels!r:.20}")
    return pixels


def text(pattern: re.Pattern[str], said: Any) -> str:
    """A string that the pattern matches in full."""
    if not isinstance(said, str) or not pattern.fullmatch(said):
        raise ValueError(f"a word like {said!r:.20}")
    return said
