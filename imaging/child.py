"""A child of the sandbox: it warms up, closes itself in, and renders what its channel brings until that ends.

from the parent      {"recipe": digest, "assets": [name, ...]}, the JSON and the assets         no answer
                     {"forget": true}: all recipes                                              no answer
                     {"render": digest, "only": [name, ...] or null}, the original              one answer
from the child       {"ready": engine, "missing": [wall, ...]}                                  once
                     an answer (imaging/answers.py)                                             for each original
"""

import json
import logging
import os
import resource
import socket
import sys
from typing import Any, Protocol

from imaging import _native, answers, pipeline, walls
from imaging.channel import Channel
from imaging.engine import engine
from imaging.limits import Limits
from imaging.recipe import Recipe, load
from imaging.rendered import Rendered
from imaging.warm_up import warm_up

#: glibc would give every thread a heap of its own.
HEAPS = 2

#: Descriptors below it are the streams of every process.
FIRST = 3

Answer = tuple[dict[str, Any], tuple[bytes, ...]]


class Render(Protocol):
    """What a child does with an original: pipeline.render, but for those who try the walls."""

    def __call__(
        self, original: bytes, recipe: Recipe, *, only: frozenset[str] | None = None, limits: Limits | None = None
    ) -> Rendered: ...


def main(settings: str, render: Render = pipeline.render) -> None:
    """A child's life, as its parent's `settings` (JSON) want it."""
    told = json.loads(settings)
    channel = Channel(socket.socket(fileno=told["channel"]), told["shared"])
    close_all_but(told["channel"])
    _native.share_heaps(HEAPS)
    missing: tuple[str, ...] = () if dies_with(told["parent"]) else ("parent",)
    warm_up()
    made_by = engine()
    silence()
    missing += walls.put_up(told["memory"])
    channel.send({"ready": made_by, "missing": missing})
    serve(channel, render, Limits(**told["limits"]))


def dies_with(parent: int) -> bool:
    """Whether the kernel will end this process with its parent. One that has lost it already has no business here."""
    try:
        _native.die_with_parent()
    except OSError:
        return False
    if os.getppid() != parent:
        sys.exit()
    return True


def close_all_but(channel: int) -> None:
    """Memory stays mapped without its descriptor, and without the one that mmap keeps beside it."""
    os.closerange(FIRST, channel)
    os.closerange(channel + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[0])


def silence() -> None:
    """From here on nothing is said but through the channel: what libraries print may be an original's own words.

    Nor is anything put into words for a log that nobody reads: libvips warns of each of a million broken chunks.
    """
    logging.disable()
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    os.close(nowhere)


def serve(channel: Channel, render: Render, limits: Limits) -> None:
    """Do what the parent asks, until it is gone or there is no memory left."""
    recipes: dict[str, Recipe] = {}
    while True:
        try:
            asked, parts = channel.receive()
        except (EOFError, ConnectionError):
            return
        match asked:
            case {"recipe": digest, "assets": names}:
                recipes[digest] = load(parts[0], dict(zip(names, parts[1:], strict=True)))
            case {"forget": True}:
                recipes.clear()
            case {"render": digest, "only": only}:
                names = None if only is None else frozenset(only)
                answer, bodies = tried(render, parts.pop(), recipes[digest], names, limits)
                channel.send(answer, bodies, hold=True)
                if "exhausted" in answer:
                    return


def tried(render: Render, original: bytes, recipe: Recipe, only: frozenset[str] | None, limits: Limits) -> Answer:
    """What comes of an original, put into words, and the bodies apart from them."""
    try:
        result = render(original, recipe, only=only, limits=limits)
    except Exception as error:
        return answers.fault(error), ()
    return answers.rendered(result), tuple(image.body for image in result.images)
