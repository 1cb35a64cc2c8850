"""Batches of ten through handlers.worker, with real children and real pixels."""

from collections.abc import Iterator

import pytest

from handlers import worker
from tests.faults.summary import Prove
from tests.faults.tens import ALONE, NO_RENDER, POISONS, out_of_time, poisoned
from tests.faults.warm import Warm, warmed_up


@pytest.fixture
def warm(monkeypatch: pytest.MonkeyPatch) -> Iterator[Warm]:
    with warmed_up(monkeypatch) as warm:
        yield warm


@pytest.mark.slow
@pytest.mark.parametrize("kind", POISONS)
def test_a_poison_at_any_position_hurts_no_neighbour(kind: str, monkeypatch: pytest.MonkeyPatch, prove: Prove) -> None:
    with warmed_up(monkeypatch, POISONS[kind].timeout) as warm:
        prove("batches of ten with a poison (exception, SIGKILL, hang, memory)", poisoned(kind, warm))


def test_when_time_runs_out_exactly_the_untried_are_handed_back(
    warm: Warm, prove: Prove, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One work after the other, so that it is known which were tried."""
    monkeypatch.setattr(worker, "WORKS_PER_VCPU", 0)
    monkeypatch.setattr(worker, "WORKS_AT_LEAST", 1)
    prove("batches of ten whose time runs out", out_of_time(ALONE, warm))


def test_what_was_claimed_when_time_ran_out_is_given_up_and_handed_back(warm: Warm, prove: Prove) -> None:
    """Works side by side: some hold their claim, and wait for a vCPU, when there is no time for a render left."""
    prove("batches of ten whose time runs out", out_of_time(NO_RENDER, warm))
