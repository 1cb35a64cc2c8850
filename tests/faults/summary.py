"""What `make test` says about the fault tests at the end: cases by family, violations, mutants. Works under xdist."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol

import pytest

CASES, MUTANT = "fault cases", "mutant"


class Case(Protocol):
    """Something that can go wrong. Its text is enough to run it again."""

    def run(self) -> list[str]:
        """The violations."""


Prove = Callable[[str, Iterable[Case]], None]
"""(family, cases): runs them all, fails at the first violation, and counts them for the summary."""


@pytest.fixture
def prove(record_property: Callable[[str, object], None]) -> Prove:
    def prove(family: str, cases: Iterable[Case]) -> None:
        number = 0
        for case in cases:
            assert case.run() == [], case
            number += getattr(case, "counts", 1)
        assert number, "a family without cases proves nothing"
        record_property(CASES, [family, number])

    return prove


@pytest.fixture
def caught(record_property: Callable[[str, object], None]) -> Callable[[str, str], None]:
    """Notes a mutant and what caught it."""
    return lambda mutant, by: record_property(MUTANT, [mutant, by])


def pytest_terminal_summary(terminalreporter: Any) -> None:
    families: Counter[str] = Counter()
    for family, cases in _noted(terminalreporter, CASES):
        families[family] += cases
    mutants = sorted(_noted(terminalreporter, MUTANT))
    if not families and not mutants:
        return
    failed = sum("tests/faults" in report.nodeid for report in terminalreporter.stats.get("failed", []))
    terminalreporter.section("under fire")
    for family, cases in sorted(families.items()):
        terminalreporter.write_line(f"{cases:7,} {family}")
    total = (
        f"{sum(families.values()):7,} fault cases, {failed or 'no'} failed, {'SEE ABOVE' if failed else '0 violations'}"
    )
    terminalreporter.write_line(total, bold=True)
    for mutant, by in mutants:
        terminalreporter.write_line(f"  {mutant:48} caught by {by}")
    terminalreporter.write_line(f"{len(mutants):7,} mutants caught", bold=True)


def _noted(terminalreporter: Any, name: str) -> Iterator[Any]:
    for report in terminalreporter.stats.get("passed", []):
        yield from (value for noted, value in report.user_properties if noted == name)
