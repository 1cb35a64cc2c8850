"""An outage that outlives every receive of every message, on real processes, a real queue and Lambda's own API.

S3 fails for the functions, not for who uploads. Everything else is as on AWS, but faster: the back-off and the
breaker's patience (see impatient.py), the visibility timeout, and the clock of the probe.
"""

import io
import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from aws.connect import Aws, connect
from imaging import recipe as recipes
from jobs import catalog, settings
from jobs.source import Source, State
from local import mapping
from local.cloud import Cloud, played
from local.endpoint import Endpoint
from local.stack import create, remove
from tests.e2e.impatient import PATIENCE
from tests.e2e.outages import Road
from tests.embedded import a_name
from tests.local.processes import eventually

pytestmark = [pytest.mark.embedded, pytest.mark.slow]

VISIBILITY = 5
"""Seconds."""

RECEIVES = 3
"""Of a message before it is a letter: half of what the template says, as each of them is waited for."""

PROBES_A_MINUTE = 60

RECIPE = """
name = "default"
[[renditions]]
name = "small"
format = "jpeg"
resize = { width = 32, height = 32 }
"""


@dataclass
class Stage:
    """A cloud whose functions reach S3 by a road of their own."""

    cloud: Cloud
    aws: Aws
    road: Road

    def upload(self, *names: str) -> list[Source]:
        sources = [Source(self.cloud.stack.outputs["Originals"], f"{name}.jpg") for name in names]
        for number, source in enumerate(sources):
            self.cloud.client("s3").put_object(Bucket=source.bucket, Key=source.key, Body=_photo(number))
        return sources

    def hurry(self, queue_url: str) -> None:
        """Makes a message come back soon, and become a letter soon."""
        sqs = self.cloud.client("sqs")
        redrive = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["RedrivePolicy"])["Attributes"]
        redrive = {**json.loads(redrive["RedrivePolicy"]), "maxReceiveCount": RECEIVES}
        sqs.set_queue_attributes(
            QueueUrl=queue_url,
            Attributes={"VisibilityTimeout": str(VISIBILITY), "RedrivePolicy": json.dumps(redrive)},
        )

    def states(self, sources: Sequence[Source]) -> Counter[State]:
        return Counter(record.state for record in self.aws.ledger.read_many(sources).values())

    def letters(self) -> int:
        return sum(self._waiting(self.cloud.stack.outputs["DeadLettersUrl"]).values())

    def _waiting(self, url: str) -> dict[str, int]:
        attributes = self.cloud.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        return {name: int(value) for name, value in attributes.items() if name.startswith("ApproximateNumberOf")}

    def counted(self, metric: str) -> int:
        """A metric of the worker's, summed over its log."""
        lines = (_read(line) for line in self.cloud.worker_log.read_text().splitlines())
        return round(sum(sum(line.get(metric, [])) for line in lines if "_aws" in line))


@pytest.fixture
def stage(embedded_aws: Endpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    stack = create(embedded_aws, a_name())
    with Road(embedded_aws.url) as road:
        by_road = {"AWS_ENDPOINT_URL_S3": road.url}
        worker, sweep = stack.function("Worker"), stack.function("Sweep")
        impatient = {**worker.variables, **by_road, "SAFELIGHT_MAX_RECEIVES": str(RECEIVES)}
        worker = replace(worker, handler="tests.e2e.impatient.handler", variables=impatient)
        sweep = replace(sweep, variables={**sweep.variables, **by_road})
        with played(
            stack, tmp_path, worker=worker, sweep=sweep, concurrency=2, speed=PROBES_A_MINUTE, window=0
        ) as cloud:
            for name, value in cloud.environment.items():
                monkeypatch.setenv(name, value)
            aws = connect(settings.read(cloud.environment))
            catalog.release(aws.catalog, [recipes.parse(RECIPE, files=lambda _: b"")], [("", "default")])
            yield Stage(cloud, aws, road)
    remove(stack)


def test_an_outage_longer_than_all_receives_leaves_no_letter_and_every_upload_is_done(stage: Stage) -> None:
    intake, queue_url = stage.cloud.mapping, stage.cloud.stack.outputs["QueueUrl"]
    before = stage.upload(*(f"before-{number}" for number in range(30)))
    assert intake.drain(within=90)
    stage.hurry(queue_url)
    outage = VISIBILITY * RECEIVES + 5

    began = time.monotonic()
    stage.road.close()
    during = stage.upload(*(f"during-{number}" for number in range(30)))
    assert eventually(lambda: intake.state is mapping.State.DISABLED, within=PATIENCE + 60)
    stopped = time.monotonic()
    assert stage.aws.outage.declared()
    late = stage.upload(*(f"late-{number}" for number in range(5)))
    received = intake.counts.received
    time.sleep(max(0.0, began + outage - time.monotonic()))
    assert (intake.state, intake.counts.received) == (mapping.State.DISABLED, received)
    assert stage.states([*during, *late])[State.DONE] == 0

    stage.road.open()
    ended = time.monotonic()
    assert eventually(lambda: intake.state is mapping.State.ENABLED, within=60)
    started = time.monotonic()
    assert intake.drain(within=120)
    sources = [*before, *during, *late]
    print(
        f"\noutage of {ended - began:.0f} s ({RECEIVES} receives x {VISIBILITY} s of visibility): "
        f"intake stopped after {stopped - began:.0f} s by the breaker, started {started - ended:.1f} s after its end "
        f"by the probe, all done {time.monotonic() - ended:.1f} s after it\n"
        f"{stage.road.refused} calls refused, {intake.counts.failed} messages handed back, "
        f"{stage.counted('Copied')} copied on their last receive; "
        f"{stage.states(sources)[State.DONE]} of {len(sources)} uploads done, {stage.letters()} letters"
    )
    assert stage.states(sources) == {State.DONE: len(sources)}
    assert stage.letters() == 0
    assert stage.counted("Copied") > 0
    assert stage.aws.outage.declared() == ""


def _photo(number: int) -> bytes:
    body = io.BytesIO()
    Image.new("RGB", (64, 48), (number * 8, 90, 160)).save(body, "JPEG")
    return body.getvalue()


def _read(line: str) -> dict[str, Any]:
    """A line of the log; some are not JSON."""
    try:
        read = json.loads(line)
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}
