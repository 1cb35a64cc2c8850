"""Real deaths of real processes: SIGKILL at a call, or SIGSTOP while another worker takes over."""

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from tests.faults import mortal
from tests.faults.deployment import LEASE_OVER, Deployment, Stack, as_message
from tests.faults.mortal import Fate
from tests.faults.stage import A, B, X

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.faults.mortal", "tests.faults.mortal_function"])


Scenes = Mapping[str, tuple[Callable[[Deployment], None], int]]


def scenes(first: bytes, second: bytes) -> Scenes:
    """What was there and the message that the worker gets, and how many calls that takes."""

    def overwritten(deployment: Deployment) -> None:
        deployment.settle(first)
        deployment.put(second)

    def deleted(deployment: Deployment) -> None:
        deployment.settle(first)
        deployment.delete()

    def new_recipe(deployment: Deployment) -> None:
        deployment.settle(first)
        deployment.new_recipe()

    return {
        "a first upload": (lambda deployment: deployment.put(first), 10),
        "a first upload that is no image": (lambda deployment: deployment.put(X), 10),
        "overwritten": (overwritten, 10),
        "deleted": (deleted, 6),
        "a new recipe": (new_recipe, 9),
    }


SCENES = scenes(A, B)


@dataclass(frozen=True)
class Kill:
    """One death. `stopped`: it is none, only a very slow worker that goes on when another has done the work."""

    scene: str
    at: int
    stopped: bool
    overwritten: bool
    stack: Stack

    def __repr__(self) -> str:
        how = "stopped" if self.stopped else "killed"
        return f"{how} before call {self.at} of {self.scene!r}, {self.overwritten=}"

    def run(self) -> list[str]:
        """The violations."""
        deployment = Deployment(self.stack)
        SCENES[self.scene][0](deployment)
        message = deployment.receive()
        assert message
        fate = Fate(self.at, signal.SIGSTOP if self.stopped else signal.SIGKILL)
        reply, theirs = PROCESSES.Pipe(duplex=False)
        process: Any = PROCESSES.Process(
            target=mortal.life, args=(dict(self.stack.variables), as_message(message), fate, theirs)
        )
        process.start()
        theirs.close()
        until_stopped_or_dead(process)
        if self.overwritten:
            deployment.put(B)
        deployment.see_again(message)
        deployment.drain(skew=LEASE_OVER if self.stopped else 0.0)
        if process.is_alive():
            os.kill(process.pid, signal.SIGCONT)
        process.join()
        self._answered(deployment, message, reply)
        deployment.drain()
        return deployment.violations()

    def _answered(self, deployment: Deployment, message: dict[str, Any], reply: Connection) -> None:
        """A process that lived to its end has left a verdict."""
        try:
            deployment.answer(message, reply.recv())
        except EOFError:
            return


def until_stopped_or_dead(process: Any) -> None:
    while process.is_alive() and not _is_stopped(process.pid):
        time.sleep(0.002)


def _is_stopped(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].startswith("T")
    except (FileNotFoundError, ProcessLookupError):  # it died between the two looks
        return False


def kills(scene: str, stack: Stack) -> Iterator[Kill]:
    """Killed before every call and before the acknowledgement, and stopped before every third."""
    for at in range(SCENES[scene][1] + 1):
        yield Kill(scene, at, stopped=False, overwritten=at % 2 == 0, stack=stack)
        if at % 3 == 1:
            yield Kill(scene, at, stopped=True, overwritten=at % 2 == 0, stack=stack)
