"""The simulation of SQS and Lambda, held to what real queues and the real mapping do, and to the forecast's formula.

The measured worker takes the time that each sample was metered at, on vCPUs of its own: it waits. On one machine the
environments would share processors, as they do on no Lambda. bench/drain.py holds the simulation to the real worker.

All runs go on at the same time, each on a queue of its own: what the machine does beside them, it does to all.
"""

import json
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from aws.queue import SqsQueue
from cli.simulation import SHARES, Load, Machine, calibrated, curve, errors
from jobs.events import ANY, Asked, parse
from jobs.forecast import Assumed, Image, Limits, Setting, forecast
from jobs.source import Source
from local.endpoint import Endpoint
from local.mapping import EventSourceMapping
from local.stack import EventSource
from tests.local.processes import eventually

METERED: Mapping[str, list[float]] = json.loads((Path(__file__).parent / "metered.json").read_text())
"""Milliseconds of a processor that each sample takes under a recipe: what `safelight forecast` measures."""

VCPUS = 2
WITHIN = 0.15


@dataclass
class Worker:
    """An environment of two vCPUs; notes when each image is settled."""

    milliseconds: list[float]
    settled: list[float]

    def __post_init__(self) -> None:
        self._vcpus = ThreadPoolExecutor(VCPUS)

    def ready(self) -> bool:
        return True

    def rest(self) -> None:
        pass

    def invoke(self, event: Mapping[str, Any]) -> Any:
        keys = [asked.source.key for record in event["Records"] for asked in parse(record["body"])]
        list(self._vcpus.map(self._render, map(int, keys)))
        return {"batchItemFailures": []}

    def _render(self, number: int) -> None:
        time.sleep(self.milliseconds[number % len(self.milliseconds)] / 1000)
        self.settled.append(time.monotonic())

    def close(self) -> None:
        self._vcpus.shutdown()


@dataclass
class Stage:
    """Real queues, each filled, and drained once by the real mapping."""

    aws: Endpoint
    make_queue: Callable[..., str]

    def drained(self, *loads: Load) -> list[list[float]]:
        """The curve of each."""
        queues = [self._filled(load) for load in loads]
        with ThreadPoolExecutor(len(loads)) as pool:
            return list(pool.map(self._drained, loads, queues))

    def _filled(self, load: Load) -> str:
        url = self.make_queue()
        SqsQueue(self.aws.client("sqs"), url, lambda: None).send_many(
            [Asked(Source("originals", str(number)), ANY) for number in range(load.images)]
        )
        return url

    def _drained(self, load: Load, url: str) -> list[float]:
        settled: list[float] = []
        source = EventSource(url, "arn", load.batch, 0, load.concurrency, True, 6, "")
        mapping = EventSourceMapping(self.aws, source, lambda: Worker(list(load.milliseconds), settled))
        began = time.monotonic()
        with mapping:
            assert eventually(lambda: len(settled) == load.images, within=120)
        return sorted(moment - began for moment in settled)


@pytest.mark.embedded
@pytest.mark.slow
def test_calibrated_on_one_run_it_foretells_others_of_another_width_and_another_recipe(
    embedded_aws: Endpoint, make_queue: Callable[..., str]
) -> None:
    """A machine that is busy with something else is given two more chances: that it is, is nobody's fault."""
    stage = Stage(embedded_aws, make_queue)
    for _ in range(3):
        off = judged(stage)
        if max(map(abs, off)) <= WITHIN:
            return
    raise AssertionError(f"off by {off}")


def judged(stage: Stage) -> list[float]:
    """How far off the two curves were that the machine was not calibrated on."""
    known = Load(120, METERED["default"], concurrency=2)
    others = Load(300, METERED["default"], concurrency=5), Load(60, METERED["web"], concurrency=4)
    measured, *curves = stage.drained(known, *others)
    machine = calibrated(known, Machine(vcpus=VCPUS), measured)
    off = [errors(curve(other, machine), seen) for other, seen in zip(others, curves, strict=True)]
    for other, each in zip(others, off, strict=True):
        print(f"{other.images} images, {other.concurrency} wide: {each}")
        assert set(each) == set(SHARES)
    return [error for each in off for error in each.values()]


@pytest.mark.parametrize("images", [2000, 20_000])
def test_the_forecasts_formula_is_what_the_simulation_does(images: int) -> None:
    """On Lambda: five batches at once, five more each second, at most fifty."""
    milliseconds, assumed, setting = METERED["default"], Assumed(), Setting()
    image = Image(sum(milliseconds) / len(milliseconds), 4)
    machine = Machine(VCPUS, slower=assumed.slower, edge=assumed.edge, cold=assumed.cold)
    load = Load(images, milliseconds, setting.concurrency, limits=Limits())
    assert forecast(images, image, setting).seconds == pytest.approx(curve(load, machine)[-1], rel=0.15)


def test_environments_that_share_cores_are_no_faster_than_these() -> None:
    """Eighty images of 90 ms, 10 ms beside each, and two environments that start in half a second of a core each."""
    load = Load(80, [90.0], concurrency=2)
    machine = Machine(vcpus=2, beside=0.01, cold=0.5, cores=2)
    assert curve(load, machine)[-1] == pytest.approx(0.5 + 80 * 0.1 / 2)
    assert curve(load, replace(machine, cores=1))[-1] == pytest.approx(2 * 0.5 + 80 * 0.1)
    assert curve(load, replace(machine, cores=None))[-1] == pytest.approx(0.5 + 80 * 0.1 / 4)


def test_every_image_is_settled_and_none_before_its_time() -> None:
    """Ten images of 100 ms on two vCPUs are five rounds; 15 in batches of ten on one slot are eight."""
    machine = Machine(vcpus=2, edge=0.25)
    assert curve(Load(10, [100.0], concurrency=1), machine)[-1] == pytest.approx(0.125 + 0.5)
    settled = curve(Load(15, [100.0], concurrency=1), machine)
    assert (len(settled), settled[-1]) == (15, pytest.approx(0.25 + 0.5 + 0.125 + 0.3))
