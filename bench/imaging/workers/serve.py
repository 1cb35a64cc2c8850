"""How a contender is spoken to: one JSON object a line, in and out, so that starting up is never measured.

<- {"versions": {...}}                     once, when everything is imported; or {"unable": why}
-> {"do": "load", "path": ..., ...}        read an original, get ready for a job; <- {} or {"unable": why}
-> {"do": "render", "times": n}            <- {"ms": [...], "bytes": {name: n}, "notes": {...}}
-> {"do": "keep", "folder": ...}           write what was rendered last, a file a rendition; <- {}
"""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


class Unable(Exception):
    """The contender cannot do this job; says why."""


@dataclass(frozen=True)
class Mark:
    """Straight RGBA pixels, already at their size, and where on the rendition they go."""

    rgba: bytes
    left: int
    top: int
    width: int
    height: int


@dataclass(frozen=True)
class Output:
    """One rendition: at exactly this size, upright."""

    name: str
    format: str
    quality: int
    effort: int
    width: int
    height: int
    mark: Mark | None


@dataclass(frozen=True)
class Work:
    """An original and what to make of it, largest first. The facts are those that any reader of the header has.

    `shrink` is how far a JPEG may be shrunk while decoding for the largest output: 1, 2, 4 or 8.
    `orientation` is EXIF's, `profile` whether there is an ICC profile that says anything but sRGB.
    """

    original: bytes
    outputs: tuple[Output, ...]
    shrink: int
    orientation: int
    profile: bool
    watermark: dict[str, Any] = field(default_factory=dict)


#: The files of a job, by the name of the output, and whatever else is worth telling.
Made = tuple[dict[str, bytes], dict[str, Any]]
Prepare = Callable[[Work], Callable[[], Made]]


def serve(versions: dict[str, str], prepare: Prepare) -> None:
    """Answer requests until the pipe ends. `prepare` is not measured, what it returns is."""
    say({"versions": versions})
    render: Callable[[], Made] | None = None
    bodies: dict[str, bytes] = {}
    for line in sys.stdin:
        request = json.loads(line)
        if request["do"] == "load":
            bodies.clear()
            try:
                render = prepare(read_work(request))
                say({})
            except Unable as why:
                say({"unable": str(why)})
        elif request["do"] == "render":
            assert render is not None
            milliseconds = []
            for _ in range(request["times"]):
                start = time.process_time()  # of all threads: others on the machine count little
                bodies, notes = render()
                milliseconds.append((time.process_time() - start) * 1000)
            say({"ms": milliseconds, "bytes": {name: len(body) for name, body in bodies.items()}, "notes": notes})
        else:
            for name, body in bodies.items():
                (Path(request["folder"]) / name).write_bytes(body)
            say({})


def read_work(request: dict[str, Any]) -> Work:
    """The work as it was asked for."""
    return Work(
        original=Path(request["path"]).read_bytes(),
        outputs=tuple(
            Output(**{**output, "mark": read_mark(output["mark"]) if output["mark"] else None})
            for output in request["outputs"]
        ),
        shrink=request["shrink"],
        orientation=request["orientation"],
        profile=request["profile"],
        watermark=request["watermark"],
    )


def read_mark(mark: dict[str, Any]) -> Mark:
    """The mark's pixels, from the file they were put into."""
    return Mark(Path(mark["path"]).read_bytes(), mark["left"], mark["top"], mark["width"], mark["height"])


def say(answer: dict[str, Any]) -> None:
    """One line out."""
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()
