"""How much of the core's throughput survives the batch: `make bench-batch`.

    pure          the photos on every vCPU, the core alone: no storage, no ledger, no child processes
    isolated      the same in the sandbox's children
    batches of N  handlers.worker, called with N messages at a time; storage and ledger take their time
    one by one    what most people deploy: fetch, render, put, put, put, put, note it, next

Storage and ledger are the simulator's, in memory, with a real wait before every call; of the renditions only their
sizes are kept, so that the memory is the worker's own. Everything is measured in turns, and compared within a turn.

On a machine with something else to do the rates say little; the processor time of an image says what is added to it.
"""

import argparse
import io
import logging
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from cli.originals import of_folder, of_samples
from imaging.engine import engine
from imaging.pipeline import render
from imaging.recipe import Recipe
from jobs import book, catalog, events
from jobs.events import Asked
from jobs.ports import NotModified
from jobs.source import Source, State
from local.simulator.buckets import Content, Originals, Renditions
from local.simulator.cloud import Cloud
from local.simulator.gates import Gated
from local.template import TEMPLATE

GET, PUT, LEDGER = 0.040, 0.060, 0.010
"""Seconds: S3 within a region, at the slow end, and DynamoDB."""

WAITS = {"originals.fetch": GET, "renditions.put": PUT, "ledger": LEDGER, "catalog": LEDGER, "outage": LEDGER}

VCPUS = os.cpu_count() or 1
GOAL, ISOLATION, FLAT = 0.90, 0.05, 0.02


@dataclass(frozen=True)
class Context:
    """Of an invocation."""

    function_name: str = "worker"
    memory_limit_in_mb: int = 1769 * VCPUS
    invoked_function_arn: str = "arn:aws:lambda:eu-central-1:123456789012:function:worker"
    aws_request_id: str = "bench"

    def get_remaining_time_in_millis(self) -> int:
        return 120_000


def slow(call: str, answer: Callable[[], Any]) -> Any:
    """A gate that waits as long as the call would take."""
    port = call.partition(".")[0]
    time.sleep(WAITS.get(call, WAITS.get(port, 0.0)))
    return answer()


def main() -> int:
    """Prints the figures; 1 if a goal is missed."""
    options = arguments()
    originals = photos(options.photos, options.count)
    recipe = next(each for each in book.read(TEMPLATE.parent / "recipes").recipes if each.name == options.recipe)
    sys.stderr.write(f"{len(originals)} photos, recipe {recipe.name}, {VCPUS} vCPUs\n")

    from handlers import worker  # after the environment is set: it reads it at its first event

    logging.disable(logging.WARNING)
    sandbox = worker._sandbox()
    names = frozenset(each.name for each in recipe.renditions)
    warm(originals, recipe, names, sandbox.render)
    turns = [turn(worker, originals, recipe, options.batches) for _ in range(options.rounds)]
    alone = one_by_one(originals[: len(originals) // 4], recipe)
    sandbox.close()
    return report(turns, alone)


@dataclass(frozen=True)
class Rate:
    """Images a second, and the seconds of processor time that one of them took, in children too."""

    images: float
    processor: float


@dataclass(frozen=True)
class Turn:
    """Everything measured once, one after the other. `memory`: resident bytes after each of the smallest batches."""

    pure: Rate
    isolated: Rate
    batches: Mapping[int, Rate]
    memory: Sequence[int]

    def efficiency(self, size: int) -> float:
        return self.batches[size].images / self.pure.images

    @property
    def overhead(self) -> float:
        return 1 - self.isolated.images / self.pure.images

    @property
    def growth(self) -> float:
        """Of memory, from the first half of the smallest batches on: the larger ones of the turn before left more."""
        half = len(self.memory) // 2
        return statistics.median(self.memory[half:]) / statistics.median(self.memory[:half]) - 1 if half else 0.0


def turn(worker: Any, originals: Sequence[bytes], recipe: Recipe, sizes: Sequence[int]) -> Turn:
    """Pure, isolated, and each size of batch."""
    names = frozenset(each.name for each in recipe.renditions)
    memory: list[int] = []
    return Turn(
        pixels(originals, lambda original: render(original, recipe, only=names)),
        pixels(originals, lambda original: worker._sandbox().render(original, recipe, names)),
        {size: batches(worker, originals, recipe, size, memory if size == min(sizes) else []) for size in sizes},
        memory,
    )


def pixels(originals: Sequence[bytes], make: Callable[[bytes], object]) -> Rate:
    """On every vCPU."""
    with ThreadPoolExecutor(VCPUS) as pool:
        return rate(len(originals), lambda: list(pool.map(make, originals)))


def rate(images: int, work: Callable[[], object]) -> Rate:
    """What it takes to make so many."""
    began, busy = time.perf_counter(), processor_time()
    work()
    return Rate(images / (time.perf_counter() - began), (processor_time() - busy) / images)


def batches(worker: Any, originals: Sequence[bytes], recipe: Recipe, size: int, memory: list[int]) -> Rate:
    """Through the handler, batch after batch. `memory` gets the resident bytes after each."""
    cloud = Cloud(originals=Known(), renditions=Sizes())
    catalog.release(cloud.store, [recipe], [("", recipe.name)])
    asked = [upload(cloud, number, original) for number, original in enumerate(originals)]
    worker._aws = partial(slow_aws, cloud)
    worker._world.cache_clear()

    def handle() -> None:
        for start in range(0, len(asked), size):
            with redirect_stdout(io.StringIO()):  # metrics and logs, of which nobody reads these
                answer = worker.handler(sqs(asked[start : start + size]), Context())
            assert answer == {"batchItemFailures": []}, answer
            memory.append(resident())

    measured = rate(len(originals), handle)
    assert {record.state for record in cloud.ledger.records.values()} == {State.DONE}
    return measured


class Sizes(Renditions):
    """A bucket that remembers how much was put into it."""

    def put(self, key: str, body: bytes, content_type: str) -> None:
        super().put(key, b"%d" % len(body), content_type)


class Known(Originals):
    """A bucket that knows its etags, as S3 does, and does not hash an original again each time it is fetched."""

    def fetch(self, source: Source, unless: str | None = None) -> Content | NotModified:
        etag = self.history[source][-1]
        return NotModified() if etag == unless else Content(self.objects[source], etag)


def upload(cloud: Cloud, number: int, original: bytes) -> Asked:
    source = Source("originals", f"{number}.jpg")
    return Asked(source, cloud.put(source, original))


def slow_aws(cloud: Cloud) -> Any:
    """The ports as aws.connect hands them over, each call with its wait."""
    ports = {
        "originals": cloud.originals,
        "renditions": cloud.renditions,
        "ledger": cloud.ledger,
        "catalog": cloud.store,
        "queue": cloud.queue,
        "dead_letters": cloud.dead_letters,
        "outage": cloud.outage,
        "intake": cloud.intake,
    }
    slowed = {name: Gated(name, port, slow) for name, port in ports.items()}
    return SimpleNamespace(**slowed, lane=lambda _: slowed["queue"], analyst=None)


def one_by_one(originals: Sequence[bytes], recipe: Recipe) -> float:
    """Images a second of a handler that does one thing after the other, with the same core and the same waits."""
    began = time.perf_counter()
    for original in originals:
        time.sleep(GET)
        for _ in render(original, recipe).images:
            time.sleep(PUT)
        time.sleep(LEDGER)
    return len(originals) / (time.perf_counter() - began)


def warm(originals: Sequence[bytes], recipe: Recipe, names: frozenset[str], isolated: Callable[..., object]) -> None:
    """Everything once, on every vCPU and in every child."""
    few = originals[: 2 * VCPUS]
    pixels(few, lambda original: render(original, recipe, only=names))
    pixels(few, lambda original: isolated(original, recipe, names))


def report(turns: Sequence[Turn], alone: float) -> int:
    """The figures, each as the median of the turns; 1 if a goal is missed."""
    sizes = turns[0].batches
    overhead = statistics.median(turn.overhead for turn in turns)
    efficiency = {size: statistics.median(turn.efficiency(size) for turn in turns) for size in sizes}
    print(f"engine {engine()}, get {GET * 1000:.0f} ms, put {PUT * 1000:.0f} ms, ledger {LEDGER * 1000:.0f} ms")
    best = line("pure imaging", [turn.pure for turn in turns], "")
    line("isolated", [turn.isolated for turn in turns], f"isolation costs {overhead:.1%}")
    for size in sizes:
        line(f"batches of {size}", [turn.batches[size] for turn in turns], f"efficiency {efficiency[size]:.0%}")
    print(f"{'one by one':18}{alone:6.1f} images/s {'':28}efficiency {alone / best:.0%}")
    growth = statistics.median(turn.growth for turn in turns)
    most = max(max(turn.memory) for turn in turns)
    print(f"{'memory':18}{most / 1e6:6.0f} MB at most, {growth:+.1%} from the first half of the batches on")
    met = max(efficiency.values()) >= GOAL and overhead <= ISOLATION and growth <= FLAT
    print(f"efficiency {max(efficiency.values()):.0%}, isolation {overhead:.1%}, memory {growth:+.1%}")
    return 0 if met else 1


def line(what: str, rates: Sequence[Rate], remark: str) -> float:
    """One figure; answers its images a second."""
    images = statistics.median(rate.images for rate in rates)
    processor = statistics.median(rate.processor for rate in rates)
    print(f"{what:18}{images:6.1f} images/s   {processor * 1000:6.1f} ms of processor   {remark}")
    return images


def processor_time() -> float:
    """Seconds that this process and its children have computed."""
    return time.process_time() + sum(time.clock_gettime(~pid << 3 | 2) for pid in _children())


def resident() -> int:
    """Bytes resident in this process and its children."""
    return sum(map(_resident, [os.getpid(), *_children()]))


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def _children() -> Iterator[int]:
    for children in Path("/proc/self/task").glob("*/children"):
        with suppress(OSError):  # the thread ended between the two looks
            yield from map(int, children.read_text().split())


def sqs(asked: Sequence[Asked]) -> dict[str, Any]:
    """A batch as Lambda hands it over."""
    return {
        "Records": [
            {
                "messageId": str(number),
                "receiptHandle": str(number),
                "body": events.message(one),
                "attributes": {"ApproximateReceiveCount": "1"},
                "messageAttributes": {},
                "md5OfBody": "",
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:fresh",
                "awsRegion": "eu-central-1",
            }
            for number, one in enumerate(asked)
        ]
    }


def photos(folder: Path | None, count: int) -> list[bytes]:
    """So many JPEG originals, over and over: the folder's, or drawn ones."""
    chosen = of_folder(folder) if folder else of_samples(60, 1, lambda *_: None)
    sound = (original for original in chosen if original.path.suffix == ".jpg" and not original.expected)
    found = [original.path.read_bytes() for original in sound]
    if not found:
        sys.exit(f"{folder} holds no .jpg: name a folder of photographs with --photos")
    return [found[number % len(found)] for number in range(count)]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench-batch", description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--photos", type=Path, help="a folder of JPEG photographs; drawn ones if left out")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--recipe", default="default")
    parser.add_argument("--batches", type=int, nargs="+", default=[10, 50, 200])
    return parser.parse_args()


ENVIRONMENT = {
    "SAFELIGHT_ORIGINALS": "originals",
    "SAFELIGHT_RENDITIONS": "renditions",
    "SAFELIGHT_TABLE": "ledger",
    "SAFELIGHT_QUEUE_URL": "http://127.0.0.1/fresh",
    "SAFELIGHT_DEAD_LETTERS_URL": "http://127.0.0.1/dead",
    "SAFELIGHT_MAX_RECEIVES": "6",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(1769 * VCPUS),
    "LOG_LEVEL": "ERROR",
}

if __name__ == "__main__":
    os.environ.update(ENVIRONMENT)
    sys.exit(main())
