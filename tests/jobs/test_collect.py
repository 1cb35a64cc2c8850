"""What nobody is told of any more is removed after a while, and nothing else."""

import pytest

from jobs import collect, keys
from jobs.events import ABSENT, Asked
from jobs.ports import Version
from local.simulator.buckets import Attic
from tests.jobs.worlds import BAD, SOURCE, SmallWorld, recipe

GRACE = collect.LEAST_GRACE


@pytest.fixture
def world() -> SmallWorld:
    world = SmallWorld()
    world.renditions.clock = world.clock
    return world


def collected(world: SmallWorld, *, dry: bool = False) -> list[Version]:
    removed: list[Version] = []
    place: str | None = ""
    while place is not None:
        done = collect.step(
            place,
            attic=Attic(world.renditions, page=2),
            ledger=world.ledger,
            grace=GRACE,
            now=round(world.clock() * 1000),
            dry=dry,
        )
        removed, place = [*removed, *done.removed], done.next
    return removed


def put(world: SmallWorld, body: bytes) -> None:
    world.process(Asked(SOURCE, world.originals.put(SOURCE, body)))


def told(world: SmallWorld) -> set[str]:
    published = world.record().published
    assert published
    return {keys.rendition_key(SOURCE, published, stored) for stored in published.renditions}


def test_what_was_replaced_goes_once_the_grace_period_is_over(world: SmallWorld) -> None:
    put(world, b"a")
    world.clock.move(2 * GRACE)
    put(world, b"b")
    assert collected(world) == [], "it was replaced a moment ago"
    world.clock.move(GRACE + 1)
    assert len(collected(world)) == 2
    assert set(world.renditions.objects) == told(world)


def test_what_is_published_stays_however_old(world: SmallWorld) -> None:
    put(world, b"a")
    world.clock.move(1000 * GRACE)
    assert collected(world) == []


def test_what_is_published_behind_a_rejection_stays(world: SmallWorld) -> None:
    put(world, b"a")
    put(world, BAD)
    world.clock.move(10 * GRACE)
    assert collected(world) == []


def test_renditions_of_a_deleted_source_go(world: SmallWorld) -> None:
    put(world, b"a")
    world.originals.delete(SOURCE)
    world.process(Asked(SOURCE, ABSENT))
    world.clock.move(GRACE + 1)
    assert len(collected(world)) == 2
    assert world.renditions.objects == {}


def test_a_rendition_that_the_new_recipe_keeps_stays_under_its_old_key(world: SmallWorld) -> None:
    put(world, b"a")
    catalog = world.release(recipe("quality = 50"))
    world.process(Asked(SOURCE, "*", catalog.revision))
    world.clock.move(GRACE + 1)
    assert len(collected(world)) == 1
    assert set(world.renditions.objects) == told(world)


def test_an_older_version_of_a_published_key_stays_as_well(world: SmallWorld) -> None:
    """Its bytes are the same; S3's own lifecycle removes it."""
    put(world, b"a")
    put(world, b"b")
    put(world, b"a")
    world.clock.move(GRACE + 1)
    assert {version.key for version in collected(world)} & told(world) == set()


def test_what_belongs_to_no_source_of_this_ledger_is_no_trash_of_ours(world: SmallWorld) -> None:
    world.renditions.put("probe", b"", "text/plain")
    world.renditions.put(f"{'0' * 40}/x/small.webp", b"", "image/webp")
    world.clock.move(GRACE + 1)
    assert collected(world) == []


def test_a_dry_run_says_what_would_go_and_removes_nothing(world: SmallWorld) -> None:
    put(world, b"a")
    put(world, b"b")
    world.clock.move(GRACE + 1)
    before = dict(world.renditions.objects)
    assert len(collected(world, dry=True)) == 2
    assert world.renditions.objects == before


def test_a_grace_period_shorter_than_any_lease_is_refused(world: SmallWorld) -> None:
    with pytest.raises(ValueError, match="shorter"):
        collect.step("", attic=Attic(world.renditions), ledger=world.ledger, grace=60, now=0)
