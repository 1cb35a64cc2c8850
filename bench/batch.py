"""How much of the core's throughput survives the batch: `make bench-batch`.

    pure          the photos on every vCPU, the core alone: no storage, no ledger, no child processes
    isolated      the same in the sandbox's children
    batches of N  handlers.worker, called with N messages at a time; storage and ledger take their time
    one by one    what most people deploy: fetch, render, put, put, put, put, note it, next

Storage and ledger are the simulator's, in memory, with a real wait before every call.
"""

import argparse
import io
import logging
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout
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
from jobs.source import Source, State
from local.simulator.cloud import Cloud
from local.simulator.gates import Gated
from local.template import TEMPLATE

GET, PUT, LEDGER = 0.040, 0.060, 0.010
"""Seconds: S3 within a region, at the slow end, and DynamoDB."""

WAITS = {"originals.fetch": GET, "renditions.put": PUT, "ledger": LEDGER, "catalog": LEDGER, "outage": LEDGER}

VCPUS = os.cpu_count() or 1
GOAL, ISOLATION = 0.90, 0.05


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
    pure, isolated, by_size, memory = [], [], {size: list[float]() for size in options.batches}, list[int]()
    for _ in range(options.rounds):
        pure.append(pixels(originals, lambda original: render(original, recipe, only=names)))
        isolated.append(pixels(originals, lambda original: sandbox.render(original, recipe, names)))
        for size in options.batches:
            by_size[size].append(
                batches(worker, originals, recipe, size, memory if size == min(options.batches) else [])
            )
    alone = one_by_one(originals[: len(originals) // 4], recipe)
    sandbox.close()
    return report(pure, isolated, by_size, alone, memory)


def pixels(originals: Sequence[bytes], make: Callable[[bytes], object]) -> float:
    """Images a second on every vCPU."""
    began = time.perf_counter()
    with ThreadPoolExecutor(VCPUS) as pool:
        list(pool.map(make, originals))
    return len(originals) / (time.perf_counter() - began)


def batches(worker: Any, originals: Sequence[bytes], recipe: Recipe, size: int, memory: list[int]) -> float:
    """Images a second through the handler, batch after batch. `memory` gets the resident bytes after each."""
    cloud = Cloud()
    catalog.release(cloud.store, [recipe], [("", recipe.name)])
    asked = [upload(cloud, number, original) for number, original in enumerate(originals)]
    worker._aws = partial(slow_aws, cloud)
    worker._world.cache_clear()
    began = time.perf_counter()
    for start in range(0, len(asked), size):
        with redirect_stdout(io.StringIO()):  # metrics and logs, of which nobody reads these
            answer = worker.handler(sqs(asked[start : start + size]), Context())
        assert answer == {"batchItemFailures": []}, answer
        memory.append(resident())
    spent = time.perf_counter() - began
    assert {record.state for record in cloud.ledger.records.values()} == {State.DONE}
    return len(originals) / spent


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
    return SimpleNamespace(**{name: Gated(name, port, slow) for name, port in ports.items()})


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


def report(
    pure: list[float], isolated: list[float], by_size: dict[int, list[float]], alone: float, memory: list[int]
) -> int:
    """The figures, each as the median of its rounds."""
    best = statistics.median(pure)
    overhead = 1 - statistics.median(isolated) / best
    print(f"engine {engine()}, get {GET * 1000:.0f} ms, put {PUT * 1000:.0f} ms, ledger {LEDGER * 1000:.0f} ms")
    print(f"pure imaging      {best:6.1f} images/s")
    print(f"isolated          {statistics.median(isolated):6.1f} images/s   isolation costs {overhead:.1%}")
    efficiency = {size: statistics.median(rates) / best for size, rates in by_size.items()}
    for size, rates in by_size.items():
        print(f"batches of {size:<4}   {statistics.median(rates):6.1f} images/s   efficiency {efficiency[size]:.0%}")
    print(f"one by one        {alone:6.1f} images/s   efficiency {alone / best:.0%}")
    half = len(memory) // 2
    growth = statistics.median(memory[half:]) / statistics.median(memory[:half]) - 1 if half else 0.0
    print(f"memory            {max(memory) / 1e6:6.0f} MB at most, {growth:+.1%} from the first half to the second")
    met = max(efficiency.values()) >= GOAL and overhead <= ISOLATION
    print(f"efficiency {max(efficiency.values()):.0%}, isolation {overhead:.1%}, memory {growth:+.1%}")
    return 0 if met else 1


def resident() -> int:
    """Bytes resident in this process and its children."""
    return sum(map(_resident, [os.getpid(), *_children()]))


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def _children() -> Iterator[int]:
    for tasks in Path("/proc/self/task").glob("*/children"):
        yield from map(int, tasks.read_text().split())


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
