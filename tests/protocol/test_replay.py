"""Code and model are one: what the model's author explored is what the code does, step by step."""

import pytest

from jobs import process
from tests.faults.mutants import MUTANTS, Mutant
from tests.faults.summary import Prove
from tests.protocol.replay import Trace

TRACES = 400
CHUNKS = range(2)


@pytest.fixture(autouse=True)
def _no_suspects(monkeypatch: pytest.MonkeyPatch) -> None:
    """The model counts no attempts, so nothing may be rejected for them."""
    monkeypatch.setattr(process, "KILLS_WORKER_AT", 1_000_000)


@pytest.mark.parametrize("chunk", CHUNKS)
def test_random_traces_of_the_model_are_walked_by_the_code(chunk: int, prove: Prove) -> None:
    prove("traces of the model, replayed", (Trace(seed) for seed in range(chunk * TRACES, (chunk + 1) * TRACES)))


BETWEEN_STEPS = "renditions deleted after a deletion"
"""Goes wrong by a call that the model does not have, so the traces step over it; the search for mutants finds it."""


@pytest.mark.parametrize("mutant", [m for m in MUTANTS if m.name != BETWEEN_STEPS], ids=lambda mutant: mutant.name)
def test_where_the_code_is_broken_it_parts_from_the_model(mutant: Mutant, monkeypatch: pytest.MonkeyPatch) -> None:
    mutant.apply(monkeypatch)
    assert any(Trace(seed).run() for seed in range(TRACES)), mutant.name
