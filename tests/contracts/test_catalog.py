"""What a catalog store promises, and that a release keeps it."""

import pytest

from imaging import recipe as recipes
from jobs import catalog
from jobs.catalog import Catalog
from jobs.errors import Retryable, Stale
from tests.contracts.conftest import Ground
from tests.jobs.worlds import recipe


def test_a_release_is_read_back_with_its_recipes(ground: Ground) -> None:
    first, second = recipe(), recipe("quality = 50", name="web")
    released = catalog.release(ground.catalog, [first, second], [("", "default"), ("web/", "web")])
    current = ground.catalog.current()
    assert current == released
    assert current.digest_for("web/a.jpg") == recipes.digest(second)
    body = ground.catalog.body(current.digest_for("a.jpg"))
    assert recipes.load(body.json, body.assets) == first


def test_a_release_of_the_same_changes_nothing(ground: Ground) -> None:
    first = catalog.release(ground.catalog, [recipe()], [("", "default")])
    assert catalog.release(ground.catalog, [recipe()], [("", "default")]) == first


def test_every_change_and_every_rollback_raises_the_revision(ground: Ground) -> None:
    revisions = [
        catalog.release(ground.catalog, [recipe(text)], [("", "default")]).revision
        for text in ("", "quality = 50", "", "quality = 50")
    ]
    assert revisions == list(range(revisions[0], revisions[0] + 4))


def test_a_change_that_was_based_on_an_older_catalog_is_refused(ground: Ground) -> None:
    current = catalog.release(ground.catalog, [recipe()], [("", "default")])
    with pytest.raises(Stale):
        ground.catalog.replace(Catalog(current.revision, (), {}), expected=current.revision - 1)


def test_a_body_that_is_not_there_may_come(ground: Ground) -> None:
    with pytest.raises(Retryable):
        ground.catalog.body("0" * 32)
