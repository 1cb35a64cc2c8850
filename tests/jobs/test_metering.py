"""What an image used is in its record, and what that costs can be worked out by hand."""

from dataclasses import replace

import pytest

from jobs.batch import Rules, run
from jobs.events import Asked
from jobs.metering import Metered, metered
from jobs.prices import PRICES
from jobs.source import Published, Source, Used
from tests.jobs.worlds import SOURCE, SmallWorld, message_about, recipe


@pytest.fixture
def world() -> SmallWorld:
    return SmallWorld()


def published(world: SmallWorld, source: Source = SOURCE) -> Published:
    found = world.record(source).published
    assert found
    return found


def test_a_batch_shares_its_calls_among_its_sources(world: SmallWorld) -> None:
    sources = [Source("originals", f"{number}.jpg") for number in range(4)]
    asked = [Asked(source, world.originals.put(source, b"a")) for source in sources]
    messages = [message_about(one, id=str(number)) for number, one in enumerate(asked)]
    rules = Rules(bucket="originals", prefix="", max_receives=6, side_by_side=4)
    run(messages, world.worker(), rules, deadline=world.clock() + 60)
    assert {published(world, source).used for source in sources} == {Used(1, 2, 2, 500)}


def test_renditions_that_were_kept_cost_no_put(world: SmallWorld) -> None:
    world.process(Asked(SOURCE, world.originals.put(SOURCE, b"a")))
    catalog = world.release(recipe("quality = 50"))
    world.process(Asked(SOURCE, "*", catalog.revision))
    assert published(world).used == Used(gets=1, puts=1, writes=2, calls_thousandths=2000)


def test_dollars_are_what_was_used_times_what_aws_asks(world: SmallWorld) -> None:
    world.process(Asked(SOURCE, world.originals.put(SOURCE, b"a")))
    found = published(world)
    second = replace(found, made=replace(found.made, milliseconds=1000), used=Used(1, 2, 2, 200))
    pixels = 1769 / 1024 * PRICES.lambda_gb_second_x86_64
    rest = 0.0004e-3 + 2 * 0.005e-3 + 2 * 0.625e-6 + 0.2 * 0.40e-6 + 0.1 * 0.20e-6
    assert metered(second).dollars == pytest.approx(pixels + rest)
    on_arm = replace(second, engine="0.1.0-vips8.18.7-aarch64")
    assert metered(second).dollars - metered(on_arm).dollars == pytest.approx(pixels / 5, rel=1e-4)


def test_a_record_from_before_the_meter_counts_its_pixels_and_bytes(world: SmallWorld) -> None:
    world.process(Asked(SOURCE, world.originals.put(SOURCE, b"a")))
    old = metered(replace(published(world), used=None))
    assert (old.images, old.puts, old.bytes_in) == (1, 0, 1)


def test_meters_add_up(world: SmallWorld) -> None:
    world.process(Asked(SOURCE, world.originals.put(SOURCE, b"a")))
    one = metered(published(world))
    assert (one + one).puts == 4
    assert Metered() + one == one
