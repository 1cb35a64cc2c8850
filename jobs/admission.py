"""Room in memory, given out before it is used: many small images at once, big ones wait for room."""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager


class Admission:
    """`room` bytes. First come, first served, so that a big one is not overtaken for ever by small ones."""

    def __init__(self, room: int) -> None:
        self._room = self._free = room
        self._turn = threading.Condition()
        self._waiting: deque[object] = deque()

    @contextmanager
    def of(self, cost: int) -> Iterator[None]:
        """Waits until `cost` bytes are free, and holds them. What is larger than all the room gets all of it."""
        cost, ticket = min(cost, self._room), object()
        with self._turn:
            self._waiting.append(ticket)
            self._turn.wait_for(lambda: self._waiting[0] is ticket and self._free >= cost)
            self._waiting.popleft()
            self._free -= cost
            self._turn.notify_all()
        try:
            yield
        finally:
            with self._turn:
                self._free += cost
                self._turn.notify_all()
