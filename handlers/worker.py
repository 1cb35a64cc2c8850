"""The batch Lambda: SQS records in, renditions out, failures reported one by one.

Also takes a plain S3 event from a direct invocation, which raises if any of its records failed.
"""

import json
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from typing import Any

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes import SQSEvent
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from handlers import busy, connected, logs, meters, pixels
from handlers.pixels import RENDER_TIMEOUT
from imaging.engine import engine
from imaging.recipe import Recipe
from imaging.rendered import Rendered
from imaging.sandbox import Sandbox
from jobs import batch
from jobs.admission import Admission
from jobs.batch import Message, Rules
from jobs.breaker import Breaker
from jobs.catalog import CurrentCatalog, RecipeBook
from jobs.errors import JobError, OutOfTime, Retryable
from jobs.metering import Metered, metered
from jobs.ports import Queue
from jobs.process import Retry, Verdict, World
from jobs.source import Published

log = logs.configure()
metrics = Metrics(namespace=meters.NAMESPACE, service="worker")
_settings, _aws = connected.settings, connected.aws

WORKS_PER_VCPU, WORKS_AT_LEAST = 8, 10
"""Side by side: while one work has the pixels, others download and upload. Ten: a batch without a window, at once."""

PUTS_AT_ONCE = 32
"""As many as there are connections to S3."""

PUTS_WITHIN = 15.0
"""Seconds that are left for puts and publishing when the last render may begin."""

ROOM_FOR_ORIGINALS = 256 * 1024 * 1024
"""Bytes of originals held at once."""


class RecordsFailed(JobError):
    """A direct invocation could not answer every record; whoever invoked must do so again."""


@log.inject_lambda_context
@metrics.log_metrics(capture_cold_start_metric=True)
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse | dict[str, Any]:
    """Answers with exactly the messages that must come back; a measurement of its vCPUs, with what it saw."""
    if "busy" in event:
        return busy.answer(event)
    records = _sqs_records(event)
    messages = [_message(record) for record in records.values()] or [Message(context.aws_request_id, json.dumps(event))]
    deadline = time.time() + context.get_remaining_time_in_millis() / 1000
    _vcpus().deadline = deadline
    spent: list[tuple[str, Published]] = []
    world = replace(_world(), queue=_lane(records), metered=lambda *told: spent.append(told))
    verdicts = batch.run(messages, world, _rules(), deadline=deadline)
    _count(verdicts)
    _meter(spent)
    retries = {id: verdict for id, verdict in verdicts.items() if isinstance(verdict, Retry)}
    if retries and not records:
        raise RecordsFailed("; ".join(sorted({verdict.reason for verdict in retries.values()})))
    for id, verdict in retries.items():
        _postpone(records[id], verdict)
    return {"batchItemFailures": [{"itemIdentifier": id} for id in retries]}


def _sqs_records(event: dict[str, Any]) -> dict[str, SQSRecord]:
    records = event.get("Records") or [{}]
    if records[0].get("eventSource") != "aws:sqs":
        return {}
    return {record.message_id: record for record in SQSEvent(event).records}


def _lane(records: Mapping[str, SQSRecord]) -> Queue:
    """Where copies go: the lane that the batch came by. A batch is from one queue; a direct invocation from none."""
    return _aws().lane(next((record.event_source_arn for record in records.values()), ""))


def _message(record: SQSRecord) -> Message:
    return Message(record.message_id, record.body, int(record.attributes.approximate_receive_count))


def _postpone(record: SQSRecord, verdict: Retry) -> None:
    """Back-off per message. If it fails, the queue's own visibility timeout brings the message back."""
    try:
        _aws().lane(record.event_source_arn).postpone(record.receipt_handle, round(verdict.seconds))
    except Retryable as error:
        log.warning("not postponed: %s", error)


def _count(verdicts: Mapping[str, Verdict]) -> None:
    for verdict in verdicts.values():
        if isinstance(verdict, Retry):
            metrics.add_metric("Retried", MetricUnit.Count, 1)
            continue
        metrics.add_metric(verdict.outcome.title().replace("-", ""), MetricUnit.Count, 1)
        if verdict.rendered:
            metrics.add_metric("RenderTime", MetricUnit.Milliseconds, sum(verdict.rendered.milliseconds.values()))
            metrics.add_metric("OriginalBytes", MetricUnit.Bytes, verdict.rendered.original.bytes)
    if said := _sandbox().said:  # whether anything was published or all was rejected
        metrics.add_metric("SandboxPartial", MetricUnit.Count, int(said.level == "partial"))


def _meter(spent: Iterable[tuple[str, Published]]) -> None:
    """What the batch cost, by recipe, for the dashboard."""
    by_recipe: dict[str, Metered] = defaultdict(Metered)
    for recipe, published in spent:
        by_recipe[recipe] += metered(published)
        if published.seen and published.seen.failed:
            metrics.add_metric("NotAnalysed", MetricUnit.Count, 1)
    for recipe, cost in by_recipe.items():
        meter = EphemeralMetrics(namespace=meters.NAMESPACE, service="worker")
        meter.add_dimension("recipe", recipe)
        for name, unit, value in _measured(cost):
            meter.add_metric(name, unit, value)
        meter.flush_metrics()


def _measured(cost: Metered) -> Iterator[tuple[str, MetricUnit, float]]:
    yield "Images", MetricUnit.Count, cost.images
    yield "VcpuTime", MetricUnit.Milliseconds, cost.milliseconds
    yield "BytesIn", MetricUnit.Bytes, cost.bytes_in
    yield "BytesOut", MetricUnit.Bytes, cost.bytes_out
    yield "StorageRequests", MetricUnit.Count, cost.gets + cost.puts
    yield "QueueRequests", MetricUnit.Count, cost.calls
    yield "WriteUnits", MetricUnit.Count, cost.writes
    yield "Analyses", MetricUnit.Count, cost.analyses
    yield "Microdollars", MetricUnit.Count, cost.dollars * 1e6


@cache
def _rules() -> Rules:
    settings = _settings()
    return Rules(
        bucket=settings.originals,
        prefix=settings.prefix,
        max_receives=settings.max_receives,
        side_by_side=max(settings.vcpus * WORKS_PER_VCPU, WORKS_AT_LEAST),
    )


@cache
def _world() -> World:
    aws = _aws()
    _sandbox()  # its children come up while the first messages are claimed and fetched
    return World(
        originals=aws.originals,
        renditions=aws.renditions,
        ledger=aws.ledger,
        queue=aws.queue,
        dead_letters=aws.dead_letters,
        catalog=CurrentCatalog(aws.catalog),
        recipes=RecipeBook(aws.catalog),
        render=_render,
        engine=engine(),
        breaker=Breaker(aws.outage, aws.intake, time.time),
        room=Admission(ROOM_FOR_ORIGINALS),
        analyst=aws.analyst,
        max_bytes=pixels.limits(_settings()).bytes,
        together=ThreadPoolExecutor(PUTS_AT_ONCE, thread_name_prefix="put").map,
        about=logs.about,
    )


@cache
def _sandbox() -> Sandbox:
    """One child per vCPU."""
    return Sandbox(_settings().vcpus, limits=pixels.limits(_settings()), timeout=RENDER_TIMEOUT)


def _render(original: bytes, recipe: Recipe, names: frozenset[str]) -> Rendered:
    return pixels.render(_sandbox(), original, recipe, names, one=_vcpus().one, every=_vcpus().all)


class _Vcpus:
    """Turns at the pixels. Whoever waits too long for one to finish in time is out of time, and says so."""

    def __init__(self, count: int) -> None:
        self._count, self._free = count, threading.Semaphore(count)
        self._alone = threading.Lock()
        self.deadline = 0.0

    @contextmanager
    def one(self) -> Iterator[None]:
        with self._turns(1):
            yield

    @contextmanager
    def all(self) -> Iterator[None]:
        """Every one of them: what is tried alone must not take its neighbours along."""
        with self._alone, self._turns(self._count):
            yield

    @contextmanager
    def _turns(self, wanted: int) -> Iterator[None]:
        taken = 0
        try:
            for _ in range(wanted):
                left = self.deadline - time.time() - RENDER_TIMEOUT - PUTS_WITHIN
                if left <= 0 or not self._free.acquire(timeout=left):
                    raise OutOfTime
                taken += 1
            yield
        finally:
            for _ in range(taken):
                self._free.release()


@cache
def _vcpus() -> _Vcpus:
    return _Vcpus(_settings().vcpus)
