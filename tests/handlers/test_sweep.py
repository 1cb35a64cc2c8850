"""The sweep as a Lambda: it ends with its invocation, and the next one goes on where it stopped."""

import time
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

from handlers import sweep
from jobs.errors import Retryable
from jobs.source import Record, Source, State
from local.simulator import ledger
from local.simulator.clock import Clock
from local.simulator.cloud import Cloud
from tests.handlers.test_worker import Context

ENVIRONMENT = {
    "SAFELIGHT_ORIGINALS": "originals",
    "SAFELIGHT_RENDITIONS": "renditions",
    "SAFELIGHT_TABLE": "ledger",
    "SAFELIGHT_QUEUE_URL": "http://127.0.0.1/fresh",
    "SAFELIGHT_DEAD_LETTERS_URL": "http://127.0.0.1/dead",
    "SAFELIGHT_MAX_RECEIVES": "6",
}
PAGES = 5
SECONDS_A_PAGE = 100.0
INVOCATION = 2 * SECONDS_A_PAGE + sweep.LAST_STEP


@dataclass
class Hourly:
    """A ledger of five pages, of which an invocation has time for two. Everything in it was left behind long ago."""

    cloud: Cloud

    def invoke(self) -> dict[str, Any]:
        milliseconds = round(INVOCATION * 1000)
        return sweep.handler({"sweep": True}, Context(function_name="sweep", milliseconds=milliseconds))  # type: ignore[no-any-return]

    @property
    def sent(self) -> list[Source]:
        return [asked.source for asked, _ in self.cloud.queue.sent]


@pytest.fixture
def hourly(monkeypatch: pytest.MonkeyPatch) -> Hourly:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    cloud = Cloud(clock=Clock(time.time()))
    for number in range(PAGES * ledger.PAGE):
        source = Source("originals", f"{number}.jpg")
        cloud.ledger.records[source] = Record(source, State.PROCESSING)
    scan = cloud.ledger.scan

    def slow(after: str | None = None) -> Any:
        cloud.clock.move(SECONDS_A_PAGE)
        return scan(after)

    monkeypatch.setattr(cloud.ledger, "scan", slow)
    monkeypatch.setattr(sweep.connected, "aws", lambda: cloud)
    monkeypatch.setattr(sweep, "time", SimpleNamespace(time=cloud.clock))
    sweep.connected.settings.cache_clear()
    return Hourly(cloud)


def test_a_ledger_longer_than_an_invocation_is_swept_whole_by_several(hourly: Hourly) -> None:
    assert [hourly.invoke()["whole"] for _ in range(3)] == [False, False, True]
    assert sorted(hourly.sent, key=lambda source: source.key) == sorted(
        hourly.cloud.ledger.records, key=lambda source: source.key
    )


def test_what_was_swept_whole_is_swept_from_the_beginning(hourly: Hourly) -> None:
    for _ in range(3):
        hourly.invoke()
    whole = hourly.sent
    hourly.cloud.queue.sent.clear()
    for _ in range(3):
        hourly.invoke()
    assert hourly.sent == whole


def test_an_invocation_that_fails_halfway_sends_its_page_again_and_skips_none(hourly: Hourly) -> None:
    keep, kept = hourly.cloud.place.keep, list[str | None]()

    def crash(place: str | None) -> None:
        kept.append(place)
        if len(kept) == 2:
            raise KeyboardInterrupt
        keep(place)

    hourly.cloud.place.keep = crash  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        hourly.invoke()
    while not hourly.invoke()["whole"]:
        pass
    assert set(hourly.sent) == set(hourly.cloud.ledger.records)
    assert len(hourly.sent) == (PAGES + 1) * ledger.PAGE


def test_during_an_outage_nothing_is_swept(hourly: Hourly) -> None:
    hourly.cloud.outage.declare("throttled", now=0)
    hourly.cloud.originals.failing = Retryable("throttled", "GetObject")
    assert hourly.invoke() == {"world": "out"}
    assert hourly.sent == []
