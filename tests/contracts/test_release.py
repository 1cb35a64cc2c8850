"""What a release promises on every catalog store."""

import pytest

from imaging import recipe as recipes
from jobs import catalog
from jobs.book import Book
from jobs.catalog import Catalog
from jobs.errors import CatalogInvalid, Stale
from jobs.release import Edit, Rollback, release
from tests.contracts.conftest import Ground
from tests.jobs.worlds import recipe

ROUTES = (("", "default"), ("web/", "web"))


@pytest.fixture
def released(ground: Ground) -> Catalog:
    """Two recipes, whatever an earlier test left in the store."""
    return catalog.release(ground.catalog, [recipe(), recipe(name="web")], ROUTES)


def test_an_edit_changes_its_own_recipe_and_nothing_else(ground: Ground, released: Catalog) -> None:
    edited = release(ground.catalog, Edit((recipe("quality = 50"),)), expected=released.revision)
    assert edited == ground.catalog.current()
    assert (edited.revision, edited.routes) == (released.revision + 1, released.routes)
    assert edited.recipes["web"] == released.recipes["web"]
    body = ground.catalog.body(edited.recipes["default"])
    assert recipes.load(body.json, body.assets) == recipe("quality = 50")


def test_a_stale_edit_is_refused_and_changes_nothing(ground: Ground, released: Catalog) -> None:
    edited = release(ground.catalog, Edit((recipe("quality = 50"),)), expected=released.revision)
    with pytest.raises(Stale):
        release(ground.catalog, Edit((recipe("quality = 60"),)), expected=released.revision)
    assert ground.catalog.current() == edited


def test_a_release_whose_reply_was_lost_may_be_made_again(ground: Ground, released: Catalog) -> None:
    change = Edit((recipe("quality = 50"),))
    first = release(ground.catalog, change, expected=released.revision)
    assert release(ground.catalog, change, expected=released.revision) == first


def test_a_folder_of_recipes_becomes_the_whole_catalog(ground: Ground, released: Catalog) -> None:
    book = Book((recipe("quality = 50"),), (("", "default"),))
    assert set(release(ground.catalog, book, expected=released.revision).recipes) == {"default"}


def test_a_rollback_is_a_release_of_what_was_there_before(ground: Ground, released: Catalog) -> None:
    edited = release(ground.catalog, Edit((recipe("quality = 50"),)), expected=released.revision)
    back = release(ground.catalog, Rollback(released.revision), expected=edited.revision)
    assert (back.revision, back.routes, dict(back.recipes)) == (
        edited.revision + 1,
        released.routes,
        dict(released.recipes),
    )


def test_nothing_can_be_rolled_back_to_a_catalog_that_never_was(ground: Ground, released: Catalog) -> None:
    with pytest.raises(CatalogInvalid):
        release(ground.catalog, Rollback(released.revision + 7), expected=released.revision)


def test_a_recipe_that_a_route_needs_cannot_be_left_out(ground: Ground, released: Catalog) -> None:
    with pytest.raises(CatalogInvalid):
        release(ground.catalog, Book((recipe(name="web"),), ROUTES), expected=released.revision)
    assert ground.catalog.current() == released
