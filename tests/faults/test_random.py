"""Many at once, at random: by the seed, the same every time."""

import pytest

from tests.faults.bursts import bursts
from tests.faults.chaos import SEED, TIMES
from tests.faults.collections import collections
from tests.faults.emptied import emptied
from tests.faults.mixed import mixed
from tests.faults.outages import outages
from tests.faults.pairs import of_two_versions, pairs, skewed
from tests.faults.redrives import redrives
from tests.faults.storms import storms
from tests.faults.summary import Prove
from tests.faults.walks import walks
from tests.faults.waves import waved

CHUNKS = range(4)
"""Each a test of its own, so that they run side by side."""


@pytest.mark.parametrize("chunk", CHUNKS)
def test_two_workers_who_meet_at_any_call_break_no_promise(chunk: int, prove: Prove) -> None:
    prove("two workers, each stopped at a call", pairs(500 * TIMES, seed=SEED + chunk))


@pytest.mark.parametrize("chunk", CHUNKS)
def test_walks_of_clients_workers_operators_and_weather_break_no_promise(chunk: int, prove: Prove) -> None:
    prove("walks at random", walks(300 * TIMES, first=SEED + 300 * TIMES * chunk))


def test_many_sources_in_bad_weather_all_come_through(prove: Prove) -> None:
    prove("storms over many sources", storms(60 * TIMES, first=SEED))


def test_a_burst_without_faults_costs_no_message_more_receives_than_there_are_events(prove: Prove) -> None:
    prove("bursts without a fault", bursts(300 * TIMES, first=SEED))


def test_a_redrive_of_work_in_any_state_heals_it_and_changes_nothing_that_is_finished(prove: Prove) -> None:
    prove("redrives", redrives())


def test_clocks_that_are_five_minutes_off_break_no_promise(prove: Prove) -> None:
    prove("two workers, clocks 5 minutes off", skewed(600 * TIMES))


def test_two_versions_of_the_code_on_one_table_break_no_promise(prove: Prove) -> None:
    prove("two engines and two recipe schemas", of_two_versions(601 * TIMES))


def test_a_message_with_records_of_different_fates_is_answered_for_all_of_them(prove: Prove) -> None:
    prove("messages of mixed fate", mixed())


def test_an_outage_of_the_world_leaves_no_letter(prove: Prove) -> None:
    prove("outages of the world", outages())


def test_queues_emptied_at_any_moment_are_healed_by_an_audit_to_the_last_image(prove: Prove) -> None:
    prove("every queue emptied in the middle of a run, then an audit", emptied(400 * TIMES, first=SEED))


def test_a_collector_beside_workers_never_removes_what_is_published(prove: Prove) -> None:
    prove("a collector beside workers", collections())


def test_a_redrive_in_waves_that_dies_at_any_call_and_is_begun_again_loses_nothing(prove: Prove) -> None:
    prove("redrives in waves", waved())
