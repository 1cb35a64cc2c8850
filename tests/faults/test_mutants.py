"""The suite itself under test: whatever breaks the protocol is found out, in a search that is the same every time."""

import random
from collections.abc import Callable, Iterable, Iterator

import pytest

from tests.faults import bursts, crashes, pairs, redrives, walks
from tests.faults.mutants import MUTANTS, Mutant
from tests.faults.summary import Case

SEED = 1

FAMILIES: dict[str, Callable[[], Iterable[Case]]] = {
    "bursts": lambda: bursts.bursts(100),
    "redrives": lambda: shuffled(redrives.redrives()),
    "crashes": lambda: shuffled(case for scene in crashes.SCENES for case in crashes.cases(scene)),
    "pairs": lambda: pairs.pairs(2500),
    "walks": lambda: walks.walks(1000),
}


def shuffled(cases: Iterable[Case]) -> list[Case]:
    """By the seed, so that the search meets every kind of case soon."""
    some = list(cases)
    random.Random(SEED).shuffle(some)
    return some


def search(first: str) -> Iterator[tuple[str, Case]]:
    for family in (first, *(other for other in FAMILIES if other != first)):
        yield from ((family, case) for case in FAMILIES[family]())


@pytest.mark.slow
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_broken_protocol_is_found_out(
    mutant: Mutant, monkeypatch: pytest.MonkeyPatch, caught: Callable[[str, str], None]
) -> None:
    cases = list(search(mutant.by))
    mutant.apply(monkeypatch)
    for number, (family, case) in enumerate(cases, start=1):
        if violations := case.run():
            caught(mutant.name, f"{family}, case {number}: {violations[0][:60]}")
            return
    pytest.fail(f"{mutant.name}: no violation in {len(cases)} cases")
