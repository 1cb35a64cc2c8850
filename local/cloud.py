"""AWS on a laptop, whole: the embedded AWS, the stack from template.yaml, its functions behind queue and schedule.

    with cloud.running() as aws:
        aws.client("s3").put_object(Bucket=aws.stack.outputs["Originals"], ...)

When the block is left, by whatever road, everything it started is gone.
"""

import os
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from jobs.settings import MB_PER_VCPU
from local.embedded import LOOPBACK, PYTHON, embedded
from local.endpoint import Endpoint
from local.environment import Environment, ProcessEnvironment
from local.gateway import Gateway, Pool
from local.lambda_api import LambdaApi
from local.mapping import EventSourceMapping
from local.schedule import Timetable
from local.stack import EventSource, Function, Stack, create
from local.stream import StreamMapping

LEAST_CONCURRENCY = 2
"""What Lambda takes for a MaximumConcurrency, too: while one batch ends, another one has the processors."""

FRESH, BULK = 0, 1
"""The fresh lane is the first of the worker's event sources, the bulk lane the second."""

Environments = Callable[[Function, Endpoint, Path], Environment]
"""Makes where a function runs, on this AWS; the path is for what it prints."""


def in_a_process(function: Function, endpoint: Endpoint, log: Path) -> Environment:
    """A child process of this one."""
    return ProcessEnvironment(function, endpoint.variables, log)


@dataclass(frozen=True)
class Cloud:
    """A running AWS with Safelight in it."""

    endpoint: Endpoint
    stack: Stack
    worker: Function
    mapping: EventSourceMapping
    """Of the fresh lane."""
    bulk: EventSourceMapping | None
    """Of the bulk lane, where the template has one."""
    api: Pool
    """Environments of the API's function."""
    directory: Path
    """The logs of the embedded AWS and of the functions."""

    @property
    def environment(self) -> dict[str, str]:
        """What a program of this house needs to work on this cloud: the worker's settings, and where AWS is."""
        return {**self.endpoint.variables, **self.worker.variables}

    @property
    def worker_log(self) -> Path:
        """Everything that the worker's processes print."""
        return _log(self.directory, "worker")

    @property
    def sweep_log(self) -> Path:
        """Everything that the sweep prints."""
        return _log(self.directory, "sweep")

    def gateway(self, origin: str, token: str, elsewhere: str | None = None) -> Gateway:
        """What answers at this origin for who knows the token: the API's function, and the console.

        `elsewhere`: where a browser finds S3; where everybody does when not given.
        """
        return Gateway(self.api, origin=origin, token=token, elsewhere=elsewhere or self.endpoint.url)

    def client(self, name: str) -> Any:
        """A boto3 client of this cloud; the caller knows its type."""
        return self.endpoint.client(name)


@contextmanager
def running(
    *,
    port: int | None = None,
    concurrency: int | None = None,
    bulk_concurrency: int | None = None,
    parameters: Mapping[str, str] | None = None,
    directory: Path | None = None,
    python: Path = PYTHON,
    speed: float = 1.0,
    window: int | None = None,
) -> Iterator[Cloud]:
    """Starts all of it on loopback. Raises LocalError, whose message is one line that says what to do.

    `port`: any free one when not given. `concurrency`: batches at once; as many as this machine has processors for
    when not given. `bulk_concurrency`: the same for the bulk lane, by itself. `parameters`: of the template.
    `directory`: for the logs; a temporary one when not given.
    `speed`: of the clock that schedules go by. `window`: seconds that a batch waits to be filled; the template's when
    not given.
    """
    with ExitStack() as ending:
        ending.enter_context(orderly_when_told_to_stop())
        directory = directory or Path(ending.enter_context(tempfile.TemporaryDirectory(prefix="safelight-")))
        endpoint = ending.enter_context(embedded(directory, port=port, python=python))
        stack = create(endpoint, parameters=parameters)
        yield ending.enter_context(
            played(
                stack,
                directory,
                concurrency=concurrency,
                bulk_concurrency=bulk_concurrency,
                speed=speed,
                window=window,
            )
        )


@contextmanager
def played(
    stack: Stack,
    directory: Path,
    *,
    worker: Function | None = None,
    sweep: Function | None = None,
    concurrency: int | None = None,
    bulk_concurrency: int | None = None,
    speed: float = 1.0,
    window: int | None = None,
    environments: Environments = in_a_process,
    api_address: tuple[str, int] = (LOOPBACK, 0),
) -> Iterator[Cloud]:
    """Plays what the emulator leaves out of a stack: the functions, what invokes them, and Lambda's own API.

    `worker` and `sweep` are the template's when not given; `api_address` is where Lambda's API listens, on any free
    port when not given; the rest as in `running`.
    """
    worker = worker or stack.function("Worker")
    with ExitStack() as ending:
        api = ending.enter_context(LambdaApi(api_address))
        endpoint = replace(stack.endpoint, lambda_url=api.url)
        sources = zip(stack.event_sources("Worker"), (concurrency, bulk_concurrency), strict=False)
        mappings = [
            mapped(endpoint, worker, _played(source, worker, most, window), directory, environments)
            for source, most in sources
        ]
        for mapping in mappings:
            api.serve(worker, mapping)
            ending.enter_context(mapping)
        preview = stack.function("Preview")
        api.answer_for(preview, environments(preview, endpoint, _log(directory, "preview")))
        sweep = sweep or stack.function("Sweep")
        ending.enter_context(scheduled(endpoint, sweep, stack, directory, speed, environments))
        api_function = stack.function("ApiFunction")
        pool = Pool(lambda: environments(api_function, endpoint, _log(directory, "api")))
        ending.callback(pool.close)
        announce = environments(stack.function("Announce"), endpoint, _log(directory, "announce"))
        ending.enter_context(StreamMapping(endpoint, stack.outputs["TableStream"], announce))
        bulk = mappings[BULK] if len(mappings) > BULK else None
        yield Cloud(endpoint, stack, worker, mappings[FRESH], bulk, pool, directory)


def mapped(
    endpoint: Endpoint,
    function: Function,
    source: EventSource,
    directory: Path,
    environments: Environments = in_a_process,
) -> EventSourceMapping:
    """A mapping that runs the function in environments of these; it starts and stops as a context manager."""
    return EventSourceMapping(endpoint, source, lambda: environments(function, endpoint, _log(directory, "worker")))


def scheduled(
    endpoint: Endpoint, sweep: Function, stack: Stack, directory: Path, speed: float, environments: Environments
) -> Timetable:
    """The sweep's schedules, run in an environment of these; they start and stop as a context manager."""
    environment = environments(sweep, endpoint, _log(directory, "sweep"))
    return Timetable(stack.schedules("Sweep"), environment, speed=speed)


def _log(directory: Path, function: str) -> Path:
    return directory / f"{function}.log"


def _played(source: EventSource, function: Function, batches: int | None, window: int | None) -> EventSource:
    """With so many batches at once and that window, or as this machine can and the template says."""
    return replace(
        source,
        maximum_concurrency=batches or _affordable(function, source),
        window=source.window if window is None else window,
    )


def _affordable(function: Function, source: EventSource) -> int:
    """How many batches at once this machine has processors for."""
    vcpus = max(1, function.memory // MB_PER_VCPU)
    return min(source.maximum_concurrency, max(LEAST_CONCURRENCY, (os.cpu_count() or 1) // vcpus))


@contextmanager
def orderly_when_told_to_stop() -> Iterator[None]:
    """Inside, a TERM or a closed terminal unwinds like Ctrl-C does, instead of ending the process on the spot."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals belong to the main thread
        return
    previous = {number: signal.signal(number, _leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _leave(number: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001 - the signature of a signal handler
    raise SystemExit(128 + number)
