"""A backfill beside fresh uploads, on real queues: each lane has its own width, so nobody waits behind the other."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from statistics import quantiles
from typing import Any

import pytest

from aws.queue import SqsQueue
from jobs.events import ANY, Asked
from jobs.source import Source
from local.endpoint import Endpoint
from local.mapping import EventSourceMapping
from local.stack import EventSource
from tests.local.processes import eventually

pytestmark = [pytest.mark.embedded, pytest.mark.slow]

WIDTH = 2
ONE = 0.04
"""Seconds that one image takes; it only waits, as vCPUs of Lambda's are not shared between environments."""

UPLOADS, BACKFILL = 80, 200
GROWS_AT_MOST = 1.2


@dataclass
class Worker:
    """Works for as long as its batch needs, and notes how long each upload was in its queue."""

    waited: list[float] = field(default_factory=list)

    def ready(self) -> bool:
        return True

    def rest(self) -> None:
        pass

    def invoke(self, event: Mapping[str, Any]) -> Any:
        for record in event["Records"]:
            if "upload" in record["body"]:
                self.waited.append(time.time() - int(record["attributes"]["SentTimestamp"]) / 1000)
            time.sleep(ONE)
        return {"batchItemFailures": []}

    def close(self) -> None:
        pass


@dataclass
class Lanes:
    """Two queues with a mapping each, and one worker's notes of both."""

    fresh: SqsQueue
    bulk: SqsQueue
    worker: Worker


@pytest.fixture
def lanes(embedded_aws: Endpoint, make_queue: Callable[..., str]) -> Callable[[], Any]:
    @contextmanager
    def running() -> Iterator[Lanes]:
        worker, sqs = Worker(), embedded_aws.client("sqs")
        urls = [make_queue(), make_queue()]
        with ExitStack() as ending:
            for url in urls:
                source = EventSource(url, "arn", 10, 0, WIDTH, partial=True, max_receives=6, dead_letters_url="")
                ending.enter_context(EventSourceMapping(embedded_aws, source, lambda: worker))
            yield Lanes(*(SqsQueue(sqs, url, lambda: None) for url in urls), worker)

    return running


def uploaded(lanes: Lanes) -> float:
    """The 95th percentile of the seconds that a burst of uploads waits in its queue."""
    lanes.fresh.send_many([Asked(Source("originals", f"upload-{number}.jpg"), ANY) for number in range(UPLOADS)])
    assert eventually(lambda: len(lanes.worker.waited) == UPLOADS, within=60)
    return quantiles(lanes.worker.waited, n=20)[-1]


def backfill(lane: SqsQueue) -> None:
    lane.send_many([Asked(Source("originals", f"old-{number}.jpg"), ANY) for number in range(BACKFILL)])


def test_uploads_hardly_wait_longer_for_a_noisy_backfill_and_would_in_one_lane(lanes: Callable[[], Any]) -> None:
    with lanes() as quiet:
        alone = uploaded(quiet)
    with lanes() as noisy:
        backfill(noisy.bulk)
        beside = uploaded(noisy)
    with lanes() as single:
        backfill(single.fresh)
        behind = uploaded(single)
    print(f"p95 in the queue: alone {alone:.2f} s, beside {beside:.2f} s, behind {behind:.2f} s")
    assert beside <= GROWS_AT_MOST * alone
    assert behind > 2 * alone
