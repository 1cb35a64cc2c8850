"""SQS and Lambda as a discrete-event simulation: a full queue, a mapping that widens, environments that render batches.

    queue ─batch─▶ slot: environment starts once ─▶ edge ─▶ images side by side, one a vCPU ─▶ next batch
                    at first 5 slots, 5 more each second, MaximumConcurrency at most

Every environment has vCPUs of its own, as on Lambda; on a laptop all of them share the machine's cores. What there is
beside the pixels (receiving a batch, deleting it, an AWS that answers) is calibrated on one measured run, and judged on
others: by tests/cli/test_simulation.py with a worker that waits, by bench/drain.py with the real one.
"""

import collections
import itertools
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import simpy

from jobs.forecast import BATCH, Limits

SHARES = (0.1, 0.5, 0.9, 1.0)
"""Of the images done, where a simulated curve is compared with a measured one."""


@dataclass(frozen=True)
class Machine:
    """What an environment is like. Seconds, but for `vcpus` and `slower`."""

    vcpus: int = 2
    slower: float = 1.0
    """How many times its metered time an image takes."""
    edge: float = 0.0
    """Of a batch: what is not pixels, half of it before them and half after."""
    cold: float = 0.0
    """Until a new environment takes its first batch."""
    beside: float = 0.0
    """Of an image: what is not pixels and needs a processor all the same, the emulated AWS's part included."""
    cores: int | None = None
    """Shared by all environments, for all that needs a processor; None: each has its vCPUs for itself."""


@dataclass(frozen=True)
class Load:
    """What waits: so many images, as long as these samples one after the other, and how they are read."""

    images: int
    milliseconds: Sequence[float]
    concurrency: int
    batch: int = BATCH
    limits: Limits | None = None
    """Of the mapping's growth; None: full width from the start, as on a laptop."""


def curve(load: Load, machine: Machine) -> list[float]:
    """Seconds at which each image is settled, in order."""
    world = _World(load, machine)
    world.run()
    return world.settled


class _World:
    def __init__(self, load: Load, machine: Machine) -> None:
        self._load, self._machine = load, machine
        self._time = simpy.Environment()
        self._cores = simpy.Resource(self._time, machine.cores) if machine.cores else None
        self._waiting = collections.deque(range(load.images))
        self.settled: list[float] = []

    def run(self) -> None:
        for number in range(self._load.concurrency):
            self._time.process(self._slot(self._opens(number)))
        self._time.run()
        self.settled.sort()

    def _opens(self, slot: int) -> float:
        limits = self._load.limits
        return 0.0 if limits is None or slot < limits.first else (slot - limits.first + 1) / limits.more_per_second

    def _slot(self, opens: float) -> Generator[simpy.Event, Any, None]:
        yield self._time.timeout(opens)
        vcpus = simpy.Resource(self._time, capacity=self._machine.vcpus)
        for first in itertools.chain((True,), itertools.repeat(False)):
            batch = [self._waiting.popleft() for _ in range(min(self._load.batch, len(self._waiting)))]
            if not batch:
                return
            if first:
                yield from self._at_work(self._machine.cold)
            yield self._time.timeout(self._machine.edge / 2)
            yield simpy.AllOf(self._time, [self._time.process(self._image(number, vcpus)) for number in batch])
            yield self._time.timeout(self._machine.edge / 2)

    def _image(self, number: int, vcpus: simpy.Resource) -> Generator[simpy.Event, Any, None]:
        samples = self._load.milliseconds
        seconds = samples[number % len(samples)] / 1000 * self._machine.slower
        with vcpus.request() as vcpu:
            yield vcpu
            yield from self._at_work(seconds + self._machine.beside)
        self.settled.append(self._time.now)

    def _at_work(self, seconds: float) -> Generator[simpy.Event, Any, None]:
        """On a core, once there is one."""
        if self._cores is None:
            yield self._time.timeout(seconds)
            return
        with self._cores.request() as core:
            yield core
            yield self._time.timeout(seconds)


def at(settled: Sequence[float], share: float) -> float:
    """The second at which this share of a curve is done."""
    return settled[max(0, round(share * len(settled)) - 1)]


def errors(simulated: Sequence[float], measured: Sequence[float]) -> dict[float, float]:
    """How far off the simulated curve is at each of SHARES, as a part of the measured one."""
    return {share: at(simulated, share) / at(measured, share) - 1 for share in SHARES}


def calibrated(load: Load, machine: Machine, measured: Sequence[float]) -> Machine:
    """The machine with that `edge` whose simulated curve of this load is nearest to the measured one."""
    return nearest(load, (replace(machine, edge=milliseconds / 1000) for milliseconds in range(0, 1000, 10)), measured)


def nearest(load: Load, machines: Iterable[Machine], measured: Sequence[float]) -> Machine:
    """Of these, the one whose simulated curve of this load is nearest to the measured one."""
    return min(machines, key=lambda one: max(map(abs, errors(curve(load, one), measured).values())))
