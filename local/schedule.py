"""Schedules, played by EventBridge's rule: the first time one period after the start, then once every period.

All schedules of a function share its one environment. So one that is due while another runs waits for it, and one
that missed several turns is played once.
"""

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from types import TracebackType
from typing import Self

from local.environment import Environment, InvocationFailed, in_turn
from local.stack import Schedule

log = logging.getLogger(__name__)

LEFT_BEHIND = 5.0
"""Seconds after which the end of the thread is not waited for."""


class Timetable:
    """Hands one function its scheduled events. It starts and stops as a context manager."""

    def __init__(self, schedules: Sequence[Schedule], environment: Environment, *, speed: float = 1.0) -> None:
        """`speed`: how much faster than the world's its clock runs."""
        self._schedules = [replace(schedule, every=schedule.every / speed) for schedule in schedules]
        self._environment = environment
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._play, name="timetable", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._environment.close()
        self._thread.join(LEFT_BEHIND)

    def _play(self) -> None:
        due = [time.monotonic() + schedule.every for schedule in self._schedules]
        while due:
            number = due.index(min(due))
            if self._stopping.wait(max(0.0, due[number] - time.monotonic())):
                return
            self._invoke(self._schedules[number])
            due[number] = max(due[number] + self._schedules[number].every, time.monotonic())

    def _invoke(self, schedule: Schedule) -> None:
        """One turn. It outlives a function that fails: the next turn comes."""
        try:
            answer = in_turn(self._environment, schedule.event)
        except InvocationFailed as error:
            if not self._stopping.is_set():
                log.warning("%s failed: %s", schedule.name, error)
        else:
            log.debug("%s: %s", schedule.name, answer)
