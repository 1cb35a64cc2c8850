"""One child of the sandbox, as its parent sees it: started, asked, and never believed."""

import contextlib
import json
import math
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Literal

from imaging import answers
from imaging.channel import Channel, Garbled, shared_memory
from imaging.errors import ChildDied, ChildHung, ImagingError, SandboxBroken
from imaging.limits import Limits
from imaging.recipe import Body, Recipe, digest, dump
from imaging.rendered import Rendered
from imaging.walls import SPARE

#: The child sees the modules that the parent sees, and no PYTHONPATH: its environment is empty from the first.
BOOT = "import sys; sys.path[:] = sys.argv[3:]; __import__(sys.argv[1], fromlist=['main']).main(sys.argv[2])"

#: Seconds in which a child comes up. Lambda's first reads of a container image come over the network.
COMES_UP_IN = 60.0

#: Seconds in which a child leaves once its channel is closed, before it is killed.
LEAVES_IN = 1.0

#: Seconds between two looks whether a child that ends has ended.
REAPED_WITHIN = 0.002

#: After so many recipes a child forgets them all: with their assets they could come to 90 MiB.
RECIPES = 16

Level = Literal["full", "partial"]


@dataclass(frozen=True, slots=True)
class Terms:
    """What a child is told when it starts, and held to."""

    entry: str
    limits: Limits
    memory: int
    timeout: float


@dataclass(frozen=True, slots=True)
class Ready:
    """What a child said once it was warm and closed in: which engine makes its pixels, and which walls are missing."""

    engine: str
    missing: tuple[str, ...]

    @property
    def level(self) -> Level:
        """Full, unless a wall is missing that nothing stands before."""
        return "full" if SPARE.issuperset(self.missing) else "partial"


class Cell:
    """A child process and the channel to it. One thread at a time."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._ready: Ready | None = None
        self._known: set[str] = set()
        ours, theirs = socket.socketpair()
        memory = shared_memory()
        told = settings(terms, theirs, memory)
        with theirs, os.fdopen(memory):
            self._channel = Channel(ours, memory)
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", BOOT, terms.entry, told, *filter(None, sys.path)],
                stdin=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(), memory),
                env={},
                start_new_session=True,  # the terminal's Ctrl-C is for the parent
            )

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._process.pid

    @property
    def came_up(self) -> bool:
        """Whether the child has said that it is ready."""
        return self._ready is not None

    def ready(self) -> Ready:
        """How the child is closed in; waits until it is. Raises SandboxBroken if it never will be."""
        if self._ready is None:
            self._ready = self._come_up()
        return self._ready

    def lives(self) -> bool:
        """Whether the child is there to be asked."""
        return self._process.poll() is None

    def render(self, original: bytes, recipe: Recipe, only: frozenset[str] | None) -> Rendered:
        """Ask for the renditions of an original. Raises what imaging.sandbox.Sandbox.render raises."""
        self.ready()
        name, body = written(recipe)
        asked = [(each.name, each.format) for each in recipe.renditions if only is None or each.name in only]
        with self._by(self._terms.timeout), self._faults():
            self._bound_time()
            self._teach(name, body)
            self._channel.send({"render": name, "only": only if only is None else sorted(only)}, [original], hold=True)
            answer, bodies = self._channel.receive()
            return answers.read(answer, bodies, asked, len(original))

    def leave(self) -> None:
        """Let the child go: it ends with its channel."""
        self._end(LEAVES_IN)

    def kill(self) -> None:
        """End the child, whatever it is doing."""
        self._end(0)

    def _come_up(self) -> Ready:
        """What the child says when it is warm and closed in."""
        try:
            with self._by(COMES_UP_IN):
                said, _ = self._channel.receive()
            ready = Ready(str(said["ready"]), (*map(str, said["missing"]), *self._unbound()))
        except (EOFError, OSError, Garbled, KeyError, TypeError) as error:
            how, _ = self._end(LEAVES_IN)
            raise SandboxBroken(f"a child did not come up: {how}, {error!r}") from None
        return ready

    def _unbound(self) -> tuple[str, ...]:
        """The wall that goes up from this side, if it is refused."""
        try:
            self._bound_time()
        except PermissionError:
            return ("time",)
        return ()

    def _bound_time(self) -> None:
        """As much time of a processor as one original may take, for two threads: it ends a child that has no parent.

        It has to be granted anew for each original. The child has no call to do so itself.
        """
        clock = ~self.pid << 3 | 2  # the kernel's name for what a process has used
        granted = math.ceil(time.clock_gettime(clock) + 2 * self._terms.timeout)
        resource.prlimit(self.pid, resource.RLIMIT_CPU, (granted, resource.RLIM_INFINITY))

    def _teach(self, name: str, body: Body) -> None:
        """Send a recipe that the child does not know."""
        if name in self._known:
            return
        if len(self._known) == RECIPES:
            self._channel.send({"forget": True})
            self._known.clear()
        self._channel.send({"recipe": name, "assets": list(body.assets)}, [body.json, *body.assets.values()])
        self._known.add(name)

    @contextlib.contextmanager
    def _by(self, seconds: float) -> Iterator[None]:
        """What is said meanwhile is said by then."""
        self._channel.deadline = time.monotonic() + seconds
        yield

    @contextlib.contextmanager
    def _faults(self) -> Iterator[None]:
        """Tell what became of the child, and leave none behind that may still be busy with this original."""
        try:
            yield
        except ImagingError:
            raise  # and the child is well
        except TimeoutError:
            _, peak = self._end(0)
            raise ChildHung(f"no end after {self._terms.timeout:g} s", peak) from None
        except answers.Exhausted:
            _, peak = self._end(LEAVES_IN)
            raise ChildDied("memory", peak) from None
        except Garbled as error:
            _, peak = self._end(0)
            raise ChildDied(f"garbled: {error}", peak) from None
        except (EOFError, OSError):
            raise ChildDied(*self._end(LEAVES_IN)) from None
        except BaseException:
            self._end(0)
            raise

    def _end(self, patience: float) -> tuple[str, int]:
        """See the child end, killed after so many seconds. Answers how, and the most bytes that it held."""
        self._channel.close()
        if self._process.returncode is not None:
            return ended(self._process.returncode), 0
        patient_until, gone = time.monotonic() + patience, 0
        while not gone:
            if time.monotonic() >= patient_until:
                os.kill(self.pid, signal.SIGKILL)  # Popen's own kill would reap it, and forget what it held
            gone, status, usage = os.wait4(self.pid, os.WNOHANG)
            if not gone:
                time.sleep(REAPED_WITHIN)
        self._process.returncode = os.waitstatus_to_exitcode(status)
        return ended(self._process.returncode), usage.ru_maxrss * 1024


def settings(terms: Terms, channel: socket.socket, shared: int) -> str:
    """What the child's main wants to know."""
    told = {
        "channel": channel.fileno(),
        "shared": shared,
        "parent": os.getpid(),
        "memory": terms.memory,
        "limits": asdict(terms.limits),
    }
    return json.dumps(told)


def ended(code: int) -> str:
    """How a process ended, in a word."""
    return signal.Signals(-code).name if code < 0 else f"exit {code}"


@lru_cache(maxsize=RECIPES)
def written(recipe: Recipe) -> tuple[str, Body]:
    """A recipe's digest, and the recipe as it travels."""
    return digest(recipe), dump(recipe)
