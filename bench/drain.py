"""The simulation held to real pixels: photographs drained from real queues by the real worker, on this machine.

python -m bench.drain PHOTOGRAPHS...       nice -n -20 beside others; needs .venv-embedded

    meter the photographs ─▶ drain one queue: calibrated ─▶ drain others: judged at 10, 50, 90 and 100 % done

Everything is as deployed (template, queues, ledger, sandbox, every rendition put) but for the AWS, which is embedded
and takes its part of the processors. These are fewer than the environments have vCPUs: a resource of the model.
"""

import itertools
import os
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import pyvips

from aws.connect import connect
from cli import recipes
from cli.simulation import SHARES, Load, Machine, at, curve, errors, nearest
from imaging.pipeline import render
from imaging.recipe import Recipe
from jobs import book, catalog, settings
from jobs.ports import Ledger
from jobs.source import State
from local import cloud
from local.cloud import Cloud
from local.template import TEMPLATE

LONG_SIDE = 1600
"""Pixels: photographs are made so small that a run takes seconds; scaled down, they keep their detail."""

TIMES = 3
"""Each photograph is metered so often, the least counts."""

CORES = os.cpu_count() or 1
VCPUS = 2
"""Of one environment, by the template's memory."""

PATIENCE = 300.0
LOOK_EVERY = 0.1


@dataclass(frozen=True)
class Run:
    """So many photographs, one after the other, under a recipe."""

    images: int
    recipe: str
    wide: int


KNOWN = Run(160, "default", wide=2)
OTHERS = (Run(240, "default", wide=4), Run(40, "web", wide=2))


def main() -> None:
    """Prints how far off the simulation is."""
    photographs = [_small(Path(name)) for name in sys.argv[1:]]
    metered = {name: _metered(photographs, name) for name in ("default", "web")}
    for name, milliseconds in metered.items():
        print(f"{name}: {sum(milliseconds) / len(milliseconds):.1f} ms of a processor, {len(milliseconds)} photographs")
    measured = _drained(photographs, KNOWN)
    machine = nearest(_load(KNOWN, metered), _machines(), measured)
    print(f"calibrated: {1000 * machine.beside:.0f} ms an image beside the pixels, {machine.cold:.2f} s to start")
    _judge(KNOWN, metered, machine, measured)
    for run in OTHERS:
        _judge(run, metered, machine, _drained(photographs, run))


def _small(path: Path) -> bytes:
    image = pyvips.Image.thumbnail(str(path), LONG_SIDE, height=LONG_SIDE, size="down")
    body: bytes = image.jpegsave_buffer(Q=90, keep="icc")
    return body


def _metered(photographs: Sequence[bytes], name: str) -> list[float]:
    """Milliseconds of a processor for each, while every other processor renders too."""
    recipe = recipes.named(name).recipes[0]
    with ProcessPoolExecutor(CORES, mp_context=get_context("spawn")) as pool:
        return list(pool.map(_spent, photographs, itertools.repeat(recipe)))


def _spent(photograph: bytes, recipe: Recipe) -> float:
    return 1000 * min(_once(photograph, recipe) for _ in range(TIMES))


def _once(photograph: bytes, recipe: Recipe) -> float:
    began = time.process_time()
    render(photograph, recipe)
    return time.process_time() - began


def _load(run: Run, metered: dict[str, list[float]]) -> Load:
    return Load(run.images, metered[run.recipe], concurrency=run.wide)


def _machines() -> Iterator[Machine]:
    """Every one that is tried: by what an image needs beside its pixels, and by how long an environment starts."""
    for beside, cold in itertools.product(range(0, 400, 8), range(0, 24)):
        yield Machine(vcpus=VCPUS, beside=beside / 1000, cold=cold / 4, cores=CORES)


def _drained(photographs: Sequence[bytes], run: Run) -> list[float]:
    """Seconds from the start of the intake until each image was published, in order."""
    with cloud.running(concurrency=run.wide) as aws:
        os.environ.update(aws.environment)
        there = connect(settings.read(aws.environment))
        catalog.release(there.catalog, book.read(TEMPLATE.parent / "recipes").recipes, [("", run.recipe)])
        aws.mapping.pause()
        _upload(aws, photographs, run.images)
        began = time.time()
        aws.mapping.resume()
        deadline = time.monotonic() + PATIENCE
        while aws.mapping.counts.deleted < run.images:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{aws.mapping.counts} after {PATIENCE:g} s")
            time.sleep(LOOK_EVERY)
        return sorted(moment - began for moment in _settled(there.ledger))


def _upload(aws: Cloud, photographs: Sequence[bytes], images: int) -> None:
    s3, bucket = aws.client("s3"), aws.stack.outputs["Originals"]
    for number, body in zip(range(images), itertools.cycle(photographs), strict=False):
        s3.put_object(Bucket=bucket, Key=f"{number:05}.jpg", Body=body)


def _settled(ledger: Ledger) -> list[float]:
    """When each of them was published, in epoch seconds, by the worker's clock, which is this one."""
    found: list[float] = []
    after = None
    while True:
        page = ledger.scan(after)
        found += [one.published.at / 1000 for one in page.records if one.state is State.DONE and one.published]
        after = page.next
        if after is None:
            return found


def _judge(run: Run, metered: dict[str, list[float]], machine: Machine, measured: Sequence[float]) -> None:
    off = errors(curve(_load(run, metered), machine), measured)
    said = ", ".join(f"{share:.0%} at {at(measured, share):.1f} s ({off[share]:+.1%})" for share in SHARES)
    print(f"{run.images} images, {run.recipe}, {run.wide} wide: {said}; load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
