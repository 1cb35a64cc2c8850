"""The doctor's judgement of what only AWS can say, by instruments that say it."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from aws.instruments import Bought
from cli.doctor import CHECKS, Ill, Ward

VCPUS = next(check for check in CHECKS if check.name == "vCPUs")


@dataclass
class Instruments:
    """A function of two vCPUs' memory, whose threads get so many."""

    got: float
    asked: list[tuple[str, int]] = field(default_factory=list)

    def bought(self, function: str) -> Bought:
        return Bought(3538, "arm64", 120)

    def busy(self, function: str, threads: int) -> float:
        self.asked.append((function, threads))
        return self.got


def ward(instruments: Instruments) -> Ward:
    there: Any = SimpleNamespace(settings=SimpleNamespace(worker="stack-worker"))
    told: Any = instruments
    return Ward(there, told, patience=1)


def test_vcpus_are_measured_by_one_thread_more_than_there_should_be() -> None:
    instruments = Instruments(got=1.98)
    assert VCPUS.run(ward(instruments)) == "1.98 measured, 2.00 bought: 3,538 MB of arm64, 120 s for a batch"
    assert instruments.asked == [("stack-worker", 3)]


def test_less_than_the_memory_buys_is_an_illness() -> None:
    with pytest.raises(Ill, match=r"^1\.50 measured, 2\.00 bought"):
        VCPUS.run(ward(Instruments(got=1.5)))
