"""Objects that were there before the events: each sent once, however often the command is stopped."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from jobs import backfill
from jobs.backfill import Counted, Found, Listed
from jobs.errors import Retryable, Stale
from jobs.events import ABSENT, ANY, Asked
from jobs.runs import Advance, OutOfBudget, Phase, Run, begun, drive, turned
from jobs.source import Source, State
from tests.fakes import FakeRuns
from tests.jobs.worlds import BAD, SmallWorld, recipe

PAGE = 10


@dataclass
class List:
    """A listing in memory. A place is a number."""

    found: Sequence[Found]
    pages: int = 0

    def page(self, after: str) -> Listed:
        self.pages += 1
        start = int(after or 0)
        there = tuple(self.found[start : start + PAGE])
        return Listed(there, str(start + PAGE) if start + PAGE < len(self.found) else None)


@dataclass
class Backfill:
    """A small world with objects in it that nobody was told of."""

    world: SmallWorld = field(default_factory=SmallWorld)
    runs: FakeRuns = field(default_factory=FakeRuns)
    fails_at: set[str] = field(default_factory=set)

    def objects(self, count: int) -> list[Found]:
        sources = [Source("originals", f"{number:03}.jpg") for number in range(count)]
        return [Found(source, self.world.originals.put(source, b"a")) for source in sources]

    def step(self, listing: List, place: str = "", **options: bool) -> Advance:
        if place in self.fails_at:
            self.fails_at.remove(place)
            raise Retryable("throttled")
        return backfill.step(
            place,
            listing=listing,
            ledger=self.world.ledger,
            store=self.world.store,
            lane=self.world.queue,
            **options,  # type: ignore[arg-type]
        )

    def drive(self, listing: List, **wanted: float) -> Run:
        run = begun(self.runs, Run("backfill-1", "backfill", "s3://originals/", **wanted))  # type: ignore[arg-type]
        return drive(run, lambda place: self.step(listing, place), self.runs, lambda _: None, clock=self.world.clock,
                     sleep=self.world.clock.move)  # fmt: skip

    @property
    def asked(self) -> list[Source]:
        return [asked.source for asked, _ in self.world.queue.sent]


@pytest.fixture
def work() -> Backfill:
    return Backfill()


def test_every_object_is_asked_about_by_its_etag(work: Backfill) -> None:
    found = work.objects(3)
    assert work.step(List(found)) == Advance(3, 0, None)
    assert [asked for asked, _ in work.world.queue.sent] == [Asked(one.source, one.etag) for one in found]


def test_what_is_published_or_rejected_under_the_current_recipe_is_skipped(work: Backfill) -> None:
    good, newer, other = work.objects(3)
    bad = Source("originals", "bad.jpg")
    rejected = Found(bad, work.world.originals.put(bad, BAD))
    for one in (good, newer, rejected):
        work.world.process(Asked(one.source, one.etag))
    listing = List([good, replace(newer, etag="another"), other, rejected])
    assert work.step(listing) == Advance(2, 2, None)
    assert work.asked == [newer.source, other.source]
    assert work.step(listing, look=False) == Advance(4, 0, None)


def test_a_new_recipe_makes_all_of_it_wanting(work: Backfill) -> None:
    (one,) = work.objects(1)
    work.world.process(Asked(one.source, one.etag))
    work.world.release(recipe("quality = 50"))
    assert work.step(List([one])) == Advance(1, 0, None)


def test_what_was_deleted_and_is_there_again_is_sent(work: Backfill) -> None:
    (one,) = work.objects(1)
    work.world.originals.delete(one.source)
    work.world.process(Asked(one.source, ABSENT))
    assert work.world.record(one.source).state is State.DELETED
    assert work.step(List([one])) == Advance(1, 0, None)


def test_a_list_without_etags_is_compared_by_recipe_alone(work: Backfill) -> None:
    (one,) = work.objects(1)
    work.world.process(Asked(one.source, one.etag))
    assert work.step(List([replace(one, etag=ANY)])) == Advance(0, 1, None)


def test_folder_markers_and_what_lies_outside_the_prefix_are_no_originals(work: Backfill) -> None:
    found = [Found(Source("originals", key), "e", 5) for key in ("in/a.jpg", "in/", "out/a.jpg")]
    assert list(backfill.count(List(found), "in/")) == [Counted(1, 5, 1)]


def test_a_run_goes_through_all_pages_and_is_done(work: Backfill) -> None:
    run = work.drive(List(work.objects(35)))
    assert (run.phase, run.seen, run.sent, run.skipped) == (Phase.DONE, 35, 35, 0)
    assert sorted(work.asked) == sorted(set(work.asked))


def test_a_step_that_fails_leaves_the_run_where_it_was(work: Backfill) -> None:
    listing = List(work.objects(35))
    work.fails_at = {"20"}
    with pytest.raises(Retryable):
        work.drive(listing)
    there = work.runs.read("backfill-1")
    assert there is not None
    assert (there.phase, there.place, there.sent) == (Phase.RUNNING, "20", 20)
    assert work.drive(listing).phase is Phase.DONE
    assert len(work.asked) == 35


def test_a_run_that_is_paused_stops_after_its_step_and_goes_on_from_there(work: Backfill) -> None:
    listing = List(work.objects(35))
    run = begun(work.runs, Run("backfill-1", "backfill", "s3://originals/"))

    def step(place: str) -> Advance:
        if place == "10":
            turned(work.runs, run.id, Phase.PAUSED)
        return work.step(listing, place)

    paused = drive(run, step, work.runs, lambda _: None)
    assert (paused.phase, paused.place, paused.sent) == (Phase.PAUSED, "20", 20)
    assert work.drive(listing).phase is Phase.DONE
    assert len(work.asked) == 35


def test_two_commands_that_drive_one_run_find_each_other_out(work: Backfill) -> None:
    listing = List(work.objects(35))
    run = begun(work.runs, Run("backfill-1", "backfill", "s3://originals/"))

    def step(place: str) -> Advance:
        if place == "10":
            work.drive(List(listing.found[:20]))
        return work.step(listing, place)

    with pytest.raises(Stale):
        drive(run, step, work.runs, lambda _: None)


def test_a_budget_stops_it_and_a_larger_one_lets_it_go_on(work: Backfill) -> None:
    listing = List(work.objects(35))
    with pytest.raises(OutOfBudget):
        work.drive(listing, each=0.01, budget=0.15)
    there = work.runs.read("backfill-1")
    assert there is not None
    assert (there.phase, there.sent) == (Phase.PAUSED, 20)
    work.runs.save(replace(there, budget=1.0))
    assert work.drive(listing).sent == 35


def test_it_looks_at_no_more_in_a_second_than_it_may(work: Backfill) -> None:
    began = work.world.clock()
    work.drive(List(work.objects(40)), per_second=5)
    assert work.world.clock() - began == pytest.approx(6, abs=0.1)  # the last step waits for nobody
