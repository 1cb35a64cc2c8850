"""Pixels made in child processes that can do nothing else, so that the worst original takes only its own child along.

    parent (imaging/cell.py)                child (imaging/child.py)
      │ ── exec, a socket, shared memory ───> │  imports and uses everything once (imaging/warm_up.py)
      │                                       │  closes itself in (imaging/walls.py)
      │ <───────────────────────────── ready ─│
      │ ── recipe, once ────────────────────> │
      │ ── original ────────────────────────> │
      │ <──────────────── renditions or fault │  or nothing: killed at the deadline, and replaced

Originals and renditions lie in the memory that the two share (imaging/channel.py); what they say goes by the socket.

A child is trusted with its original and nothing else: what it answers is checked like anything that comes from outside.
"""

import contextlib
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from typing import Self

from imaging.cell import Cell, Level, Ready, Terms
from imaging.errors import SandboxBroken
from imaging.limits import MIB, Limits
from imaging.recipe import Recipe
from imaging.rendered import Rendered

__all__ = ["Level", "Ready", "Sandbox"]


class Sandbox:
    """A few children, each of which renders one original at a time. Any thread may call `render`.

    They are started at once and come up in the background: whoever renders first waits for one. `memory` is what a
    child may take on top of what it needs when idle, `timeout` the seconds it may spend on one original.
    """

    def __init__(
        self,
        children: int,
        *,
        limits: Limits | None = None,
        timeout: float = 60.0,
        memory: int = 1024 * MIB,
        entry: str = "imaging.child",
    ) -> None:
        self._terms = Terms(entry, limits or Limits(), memory, timeout)
        self._children = children
        self.said: Ready | None = None
        """What the last child said that an original was given to: unlike `ready`, it waits for none."""
        self._idle: SimpleQueue[Future[Cell]] = SimpleQueue()
        self._alone = threading.Lock()
        # A child dies with the thread that started it: this one lives as long as the sandbox.
        self._nursery = ThreadPoolExecutor(1, "nursery")
        for _ in range(children):
            self._start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def render(
        self, original: bytes, recipe: Recipe, only: frozenset[str] | None = None, *, alone: bool = False
    ) -> Rendered:
        """As imaging.pipeline does it. `alone` waits until no other original is being rendered, and takes a new child.

        Raises what it raises there; ChildDied, ChildHung or ChildFailed for what became of the child; SandboxBroken.
        """
        with self._new_and_alone() if alone else self._any() as cell:
            self.said = cell.ready()
            return cell.render(original, recipe, only)

    @property
    def ready(self) -> Ready:
        """How the children are closed in, and by which engine they render. Waits for the first one to come up."""
        with self._any() as cell:
            return cell.ready()

    @property
    def level(self) -> Level:
        """Whether every wall stands."""
        return self.ready.level

    def close(self) -> None:
        """End the children, as each comes to the end of what it does."""
        for _ in range(self._children):
            with contextlib.suppress(OSError):
                self._idle.get().result().leave()
        self._nursery.shutdown()

    def _start(self) -> None:
        self._idle.put(self._nursery.submit(Cell, self._terms))

    @contextlib.contextmanager
    def _any(self) -> Iterator[Cell]:
        """An idle child; if it does not survive what it is wanted for, the next one starts at once."""
        cell = self._take()
        try:
            yield cell
        finally:
            self._put_back(cell)

    @contextlib.contextmanager
    def _new_and_alone(self) -> Iterator[Cell]:
        """A child that has seen no other original, while all the others idle."""
        with self._alone, contextlib.ExitStack() as held:
            for _ in range(self._children - 1):
                held.enter_context(self._any())
            with self._any() as worn:
                worn.kill()
            yield held.enter_context(self._any())

    def _take(self) -> Cell:
        """An idle child that lives, or has yet to come up. One that died with nothing to do is nobody's fault."""
        while True:
            try:
                cell = self._idle.get().result()
            except OSError as error:
                self._start()
                raise SandboxBroken(f"no child can be started: {error}") from error
            if cell.lives() or not cell.came_up:
                return cell
            self._put_back(cell)

    def _put_back(self, cell: Cell) -> None:
        """A child for whoever comes next: this one, or a new one in its place."""
        if not cell.lives():
            cell.leave()
            self._start()
            return
        idle: Future[Cell] = Future()
        idle.set_result(cell)
        self._idle.put(idle)
