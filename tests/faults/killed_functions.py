"""Real deaths of the real function: SIGKILL of handlers.worker at a call, its children and real pixels included."""

import signal
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from imaging import pipeline
from imaging import recipe as recipes
from imaging.engine import engine
from imaging.recipe import Recipe
from imaging.rendered import Rendered
from jobs.process import Verdict
from jobs.source import Stored
from tests.faults import mortal_function
from tests.faults.deployment import Deployment, Stack, as_message
from tests.faults.kills import PROCESSES, scenes, until_stopped_or_dead
from tests.faults.mortal import Fate, work
from tests.faults.stage import edition
from tests.imaging.drawing import scene, write

PHOTO, OTHER = write(scene(), "jpeg"), write(scene(seed=8), "jpeg")


class Photographs(Deployment):
    """A deployment whose healthy workers make pixels too."""

    def work(self, message: dict[str, Any], skew: float = 0.0) -> Verdict:
        return work(as_message(message), self.aws, skew, render=_render, engine=engine())

    def rendition(self, stored: Stored, body: bytes) -> bytes:
        return _renditions(body, stored.digest)[stored.name]


def _render(original: bytes, recipe: Recipe, names: frozenset[str]) -> Rendered:
    return pipeline.render(original, recipe, only=names)


@cache
def _renditions(body: bytes, digest: str) -> Mapping[str, bytes]:
    """What the edition of that digest makes of it."""
    recipe = next(each for each in map(edition, (1, 2)) if recipes.digest(each) == digest)
    return {image.name: image.body for image in pipeline.render(body, recipe).images}


SCENES = scenes(PHOTO, OTHER)


@dataclass(frozen=True)
class KilledFunction:
    """One death."""

    scene: str
    at: int
    overwritten: bool
    stack: Stack

    def __repr__(self) -> str:
        return f"handlers.worker killed before call {self.at} of {self.scene!r}, {self.overwritten=}"

    def run(self) -> list[str]:
        """The violations."""
        deployment = Photographs(self.stack)
        SCENES[self.scene][0](deployment)
        message = deployment.receive()
        assert message
        ours, theirs = PROCESSES.Pipe(duplex=False)
        process: Any = PROCESSES.Process(
            target=mortal_function.life,
            args=(dict(self.stack.variables), _event(message), Fate(self.at), theirs),
        )
        process.start()
        theirs.close()
        until_stopped_or_dead(process)
        process.join()
        assert process.exitcode == -signal.SIGKILL, "it lived"
        ours.close()
        if self.overwritten:
            deployment.put(OTHER)
        deployment.see_again(message)
        deployment.drain()
        wrong = [f"6: its child {pid} outlived it" for pid in _orphans(process.pid)]
        return wrong + deployment.violations()


def killed_functions(scene: str, stack: Stack) -> Iterator[KilledFunction]:
    """Killed before every call, and before the acknowledgement."""
    for at in range(SCENES[scene][1] + 1):
        yield KilledFunction(scene, at, overwritten=at % 2 == 0, stack=stack)


def _event(message: dict[str, Any]) -> dict[str, Any]:
    """A batch of one as Lambda hands it over."""
    return {
        "Records": [
            {
                "messageId": message["MessageId"],
                "receiptHandle": message["ReceiptHandle"],
                "body": message["Body"],
                "attributes": message["Attributes"],
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:fresh",
                "awsRegion": "eu-central-1",
            }
        ]
    }


def _orphans(parent: int, within: float = 5.0) -> list[int]:
    """Children that were told this parent, and do not end with it."""
    until = time.monotonic() + within
    while (left := _told(parent)) and time.monotonic() < until:
        time.sleep(0.01)
    return left


def _told(parent: int) -> list[int]:
    told = f'"parent": {parent},'.encode()
    return [int(each.parent.name) for each in Path("/proc").glob("[0-9]*/cmdline") if told in _read(each)]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # it ended between the two looks
        return b""
