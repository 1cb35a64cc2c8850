"""Schedules, played."""

import logging
import threading
import time
from collections.abc import Mapping
from typing import Any

import pytest

from local.environment import Crashed, Raised
from local.schedule import Timetable
from local.stack import Schedule
from tests.local.processes import eventually

MINUTE, HOUR = Schedule("Probe", 60, {}), Schedule("Hourly", 3600, {"sweep": True})


class Heard:
    """An environment that keeps what it is handed, until it is closed."""

    def __init__(self) -> None:
        self.events: list[Mapping[str, Any]] = []
        self.failing: Exception | None = None
        self.hanging = False
        self.closed = threading.Event()

    def ready(self) -> bool:
        return True

    def rest(self) -> None:
        pass

    def invoke(self, event: Mapping[str, Any]) -> Any:
        self.events.append(event)
        if self.failing:
            raise self.failing
        if self.hanging:
            self.closed.wait()
            raise Crashed("the environment was closed")

    def close(self) -> None:
        self.closed.set()


def test_each_schedule_keeps_its_own_rate() -> None:
    heard = Heard()
    with Timetable([MINUTE, HOUR], heard, speed=3600):
        assert eventually(lambda: HOUR.event in heard.events)
    assert heard.events.count(MINUTE.event) > 20


def test_the_first_turn_comes_after_one_period() -> None:
    heard = Heard()
    with Timetable([MINUTE], heard):
        time.sleep(0.2)
    assert not heard.events


def test_a_function_that_fails_gets_its_next_turn(caplog: pytest.LogCaptureFixture) -> None:
    heard = Heard()
    heard.failing = Raised("ValueError: no")
    with Timetable([MINUTE], heard, speed=6000):
        assert eventually(lambda: len(heard.events) > 3)
    assert "Probe failed: ValueError: no" in caplog.messages


def test_stopping_ends_a_turn_in_the_middle_and_that_is_no_news(caplog: pytest.LogCaptureFixture) -> None:
    heard = Heard()
    heard.hanging = True
    with caplog.at_level(logging.WARNING), Timetable([MINUTE], heard, speed=6000):
        assert eventually(lambda: heard.events)
    assert heard.closed.is_set()
    assert not caplog.messages
