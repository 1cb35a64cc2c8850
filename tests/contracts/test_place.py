"""What the place of the sweep promises."""

from collections.abc import Iterator

import pytest

from jobs.ports import Place
from jobs.source import Source
from tests.contracts.conftest import Ground


@pytest.fixture
def place(ground: Ground) -> Iterator[Place]:
    ground.place.keep(None)
    yield ground.place
    ground.place.keep(None)


def test_it_is_at_the_beginning_until_one_is_kept(place: Place) -> None:
    assert place.read() is None


def test_the_last_one_that_was_kept_is_read(place: Place) -> None:
    place.keep("a")
    place.keep("b")
    assert place.read() == "b"


def test_what_is_forgotten_twice_is_forgotten(place: Place) -> None:
    place.keep("a")
    place.keep(None)
    place.keep(None)
    assert place.read() is None


def test_a_source_that_is_gone_is_a_place_all_the_same(place: Place, ground: Ground, unique: str) -> None:
    place.keep(Source("originals", unique).id)
    ground.ledger.scan(place.read())


def test_the_place_is_no_source(place: Place, ground: Ground) -> None:
    """Whoever reads the whole ledger does not stumble over it."""
    place.keep("a")
    page = ground.ledger.scan()
    while page.next:
        page = ground.ledger.scan(page.next)
