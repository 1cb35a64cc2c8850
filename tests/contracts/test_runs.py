"""What is promised of the place where long operations keep their checkpoint."""

from dataclasses import replace

import pytest

from jobs.errors import Stale
from jobs.runs import Phase, Run, begun, turned
from tests.contracts.conftest import Ground


@pytest.fixture
def run(ground: Ground, unique: str) -> Run:
    wanted = Run(unique, "backfill", "s3://originals/", total=2000, each=0.00003, budget=1.5, began=1e9)
    return begun(ground.runs, wanted)


def test_a_run_is_read_back_as_it_was_saved(ground: Ground, run: Run) -> None:
    saved = ground.runs.save(replace(run, place="a/ü\n.jpg", seen=7, sent=5, skipped=2))
    assert ground.runs.read(run.id) == saved
    assert (saved.version, saved.place, saved.budget) == (2, "a/ü\n.jpg", 1.5)


def test_a_run_that_never_was_is_none(ground: Ground, unique: str) -> None:
    assert ground.runs.read(unique) is None


def test_of_two_who_save_over_one_version_the_second_is_refused(ground: Ground, run: Run) -> None:
    ground.runs.save(replace(run, seen=1))
    with pytest.raises(Stale):
        ground.runs.save(replace(run, seen=2))


def test_a_run_that_was_begun_goes_on_where_it_stands(ground: Ground, run: Run) -> None:
    stands = ground.runs.save(replace(run, place="m", seen=10, phase=Phase.PAUSED))
    again = begun(ground.runs, replace(run, place="", version=0, budget=9.0))
    assert again == replace(stands, phase=Phase.RUNNING, budget=9.0, version=stands.version + 1)


def test_a_run_keeps_the_options_that_it_was_begun_with_and_takes_those_that_it_has_not(
    ground: Ground, run: Run
) -> None:
    ground.runs.save(replace(run, options={"grace": 30.0}))
    again = begun(ground.runs, replace(run, options={"grace": 7.0, "patience": 1800.0}))
    assert ground.runs.read(run.id) == again
    assert again.options == {"grace": 30.0, "patience": 1800.0}


def test_a_run_that_is_over_begins_anew(ground: Ground, run: Run) -> None:
    ground.runs.save(replace(run, place="m", seen=10, phase=Phase.DONE))
    again = begun(ground.runs, replace(run, version=0))
    assert (again.phase, again.place, again.seen) == (Phase.RUNNING, "", 0)


def test_the_latest_are_listed_first_by_when_they_began_and_not_by_their_last_step(ground: Ground, unique: str) -> None:
    first, second = (
        ground.runs.save(Run(f"{unique}-{number}", "audit", "safelight", began=3e9 + number)) for number in (1, 2)
    )
    stepped = ground.runs.save(replace(first, seen=7, updated=4e9))
    assert list(ground.runs.latest(2)) == [second, stepped]
    assert list(ground.runs.latest(1)) == [second]


def test_it_is_paused_resumed_and_cancelled_for_good(ground: Ground, run: Run) -> None:
    for phase in (Phase.PAUSED, Phase.RUNNING, Phase.CANCELLED):
        turned(ground.runs, run.id, phase)
        there = ground.runs.read(run.id)
        assert there is not None
        assert there.phase is phase
    assert turned(ground.runs, run.id, Phase.RUNNING) is None
