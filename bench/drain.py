"""The simulation held to real pixels: photographs drained from real queues by the real worker, on this machine.

python -m bench.drain PHOTOGRAPHS...       needs .venv-embedded

    meter the photographs ─▶ drain one queue: calibrated ─▶ drain others: judged at 10, 50, 90 and 100 % done

Everything is as deployed (template, queues, ledger, sandbox, every rendition put) but for the AWS, which is embedded
and takes its part of the processors. These are fewer than the environments have vCPUs: a resource of the model.

Others may work on the machine at the same time. So the clock is the one of the processors: a second has passed when all
the processes of a run together were given as much time as there are processors. On a machine of its own, with more to
do than there are processors, that is a second of the wall's clock.
"""

import itertools
import os
import sys
import time
from bisect import bisect
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
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
from jobs.source import State as Settled
from local import cloud
from local.cloud import Cloud
from local.mapping import State
from local.template import TEMPLATE

LONG_SIDE = 1600
"""Pixels: photographs are made so small that a run takes seconds; scaled down, they keep their detail."""

TIMES = 3
"""Each photograph is metered so often, the least counts."""

CORES = os.cpu_count() or 1
VCPUS = 2
"""Of one environment, by the template's memory."""

PATIENCE = 600.0
LOOK_EVERY = 0.2


@dataclass(frozen=True)
class Run:
    """So many photographs, one after the other, under a recipe."""

    images: int
    recipe: str
    wide: int


KNOWN = Run(600, "default", wide=2)
OTHERS = (Run(1000, "default", wide=4), Run(180, "web", wide=2))


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
    for beside, cold in itertools.product(range(0, 200, 4), range(0, 24)):
        yield Machine(vcpus=VCPUS, beside=beside / 1000, cold=cold / 4, cores=CORES)


def _drained(photographs: Sequence[bytes], run: Run) -> list[float]:
    """Seconds of the processors from the start of the intake until each image was published, in order."""
    with cloud.running(concurrency=run.wide) as aws:
        os.environ.update(aws.environment)
        there = connect(settings.read(aws.environment))
        catalog.release(there.catalog, book.read(TEMPLATE.parent / "recipes").recipes, [("", run.recipe)])
        aws.mapping.pause()
        while aws.mapping.state is not State.DISABLED:  # a poll that is under way would take the first of them
            time.sleep(LOOK_EVERY)
        _upload(aws, photographs, run.images)
        clock = [(time.time(), _given())]
        aws.mapping.resume()
        while aws.mapping.counts.deleted < run.images:
            if time.time() > clock[0][0] + PATIENCE:
                raise TimeoutError(f"{aws.mapping.counts} after {PATIENCE:g} s")
            time.sleep(LOOK_EVERY)
            clock.append((time.time(), _given()))
        print(f"{run.images} images, {run.recipe}, {run.wide} wide: {_rate(clock):.2f} processors were given")
        return sorted(_passed(clock, moment) for moment in _settled(there.ledger))


def _given() -> float:
    """Seconds of a processor that this process and all below it were given so far."""
    parents, ticks = {}, {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            after = stat.read_text().rpartition(")")[2].split()
            parents[int(stat.parent.name)], ticks[int(stat.parent.name)] = int(after[1]), sum(map(int, after[11:15]))
    return sum(ticks[pid] for pid in ticks if os.getpid() in _line(pid, parents)) / os.sysconf("SC_CLK_TCK")


def _line(pid: int, parents: Mapping[int, int]) -> Iterator[int]:
    """The process, its parent, and so on."""
    while pid:
        yield pid
        pid = parents.get(pid, 0)


def _rate(clock: Sequence[tuple[float, float]]) -> float:
    (began, before), (ended, after) = clock[0], clock[-1]
    return (after - before) / (ended - began)


def _passed(clock: Sequence[tuple[float, float]], moment: float) -> float:
    """Seconds of all processors from the first look until a moment, on a line between the looks around it."""
    number = min(max(bisect([at for at, _ in clock], moment), 1), len(clock) - 1)
    (began, before), (ended, after) = clock[number - 1], clock[number]
    given = before + (after - before) * (moment - began) / (ended - began)
    return (given - clock[0][1]) / CORES


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
        found += [one.published.at / 1000 for one in page.records if one.state is Settled.DONE and one.published]
        after = page.next
        if after is None:
            return found


def _judge(run: Run, metered: dict[str, list[float]], machine: Machine, measured: Sequence[float]) -> None:
    off = errors(curve(_load(run, metered), machine), measured)
    said = ", ".join(f"{share:.0%} at {at(measured, share):.1f} s ({off[share]:+.1%})" for share in SHARES)
    print(f"{run.images} images, {run.recipe}, {run.wide} wide: {said}; load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
