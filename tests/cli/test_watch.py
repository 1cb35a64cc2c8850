"""The ledger is watched until nothing is left to happen, or nothing happens any more."""

import itertools
import threading
from pathlib import Path

import pytest

from cli.watch import Progress, uploading, watch
from jobs.source import Record, Source, State
from tests.cli.runs import FakeDeployment, done, original, rejected, source


def watched(
    deployment: FakeDeployment, *keys: str, patience: float = 60.0
) -> tuple[dict[Source, Record], list[Progress]]:
    """The last records and every moment shown; a second goes by between two looks at the clock."""
    originals = {source(key): original(key) for key in keys}
    moments: list[Progress] = []
    ticks = itertools.count()
    with uploading(deployment, originals) as uploads:
        records = watch(
            deployment,
            originals,
            uploads,
            moments.append,
            patience=patience,
            clock=lambda: float(next(ticks)),
            sleep=lambda _: threading.Event().wait(0.001),
        )
    return dict(records), moments


def test_it_ends_when_every_source_is_settled() -> None:
    answers = {"a": done("a"), "b": rejected("b")}
    records, moments = watched(FakeDeployment(answers), "a", "b")
    assert {record.state for record in records.values()} == {State.DONE, State.REJECTED}
    assert (moments[-1].settled, moments[-1].settled_bytes) == (2, 2000)


def test_work_in_progress_is_shown_as_such() -> None:
    _, moments = watched(FakeDeployment({"a": done("a")}, delay=5), "a")
    assert any(moment.states[State.PROCESSING] for moment in moments)


def test_what_is_uploaded_and_unknown_counts_as_queued() -> None:
    _, moments = watched(FakeDeployment({}), "a", patience=30)
    assert moments[-1].states[State.QUEUED] == 1


def test_a_rejection_is_waited_for_until_its_letter_is_sent() -> None:
    records, moments = watched(FakeDeployment({"a": rejected("a", told=False)}), "a", patience=10)
    assert moments[-1].settled == 0
    assert not records[source("a")].told


def test_it_gives_up_when_nothing_moves_any_more() -> None:
    stuck = Record(source("a"), State.QUEUED)
    records, moments = watched(FakeDeployment({"a": stuck}), "a", patience=10)
    assert records[source("a")].state in (State.QUEUED, State.PROCESSING)
    assert moments[-1].still > 10


def test_an_upload_that_fails_is_not_waited_for() -> None:
    deployment = FakeDeployment({"a": done("a")}, unreachable=frozenset({"b"}))
    records, _ = watched(deployment, "a", "b")
    assert set(records) == {source("a")}


def test_a_mistake_of_ours_is_not_taken_for_a_failed_upload() -> None:
    class Broken(FakeDeployment):
        def upload(self, source: Source, path: Path) -> None:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        watched(Broken({}), "a")


def test_speed_and_time_left_follow_from_what_is_settled() -> None:
    moment = Progress(100, 100, {}, settled=25, settled_bytes=5_000_000, seconds=10, still=0, handed_back=0)
    assert (moment.images_per_second, moment.bytes_per_second, moment.seconds_left) == (2.5, 500_000, 30)
    assert Progress(100, 0, {}, settled=0, settled_bytes=0, seconds=0, still=0, handed_back=0).seconds_left is None
