"""Which recipe serves which key, and how a worker reads it."""

import threading
import time

import pytest

from imaging import recipe as recipes
from jobs import catalog
from jobs.catalog import Catalog, CurrentCatalog
from jobs.errors import CatalogInvalid, Retryable
from tests.fakes import FakeCatalogStore
from tests.jobs.worlds import recipe


def test_the_longest_prefix_wins() -> None:
    routes = (("", "default"), ("web/", "web"), ("web/large/", "large"))
    current = Catalog(1, routes, {"default": "d", "web": "w", "large": "l"})
    assert [current.digest_for(key) for key in ("a.jpg", "web/a.jpg", "web/large/a.jpg", "website.jpg")] == list("dwld")


def test_every_mistake_of_a_release_is_told_and_nothing_is_stored() -> None:
    store = FakeCatalogStore()
    with pytest.raises(CatalogInvalid) as caught:
        catalog.release(store, [recipe()], [("a/", "nowhere"), ("b/", "default"), ("b/", "default")])
    assert len(caught.value.problems) == 3
    assert (store.catalog, store.bodies) == (Catalog(), {})


def test_bodies_are_stored_before_the_pointer_names_them() -> None:
    order: list[str] = []

    class Store(FakeCatalogStore):
        def put_body(self, digest: str, body: recipes.Body) -> None:
            order.append("body")
            super().put_body(digest, body)

        def replace(self, catalog: Catalog, *, expected: int) -> None:
            order.append("pointer")
            super().replace(catalog, expected=expected)

    catalog.release(Store(), [recipe()], [("", "default")])
    assert order == ["body", "pointer"]


def test_the_cached_catalog_is_read_once_and_the_fresh_one_each_time() -> None:
    store = FakeCatalogStore()
    current = CurrentCatalog(store)
    for _ in range(3):
        current.cached()
    assert store.reads == 1
    current.fresh()
    current.fresh()
    assert store.reads == 3


def test_callers_at_once_share_a_read_that_began_after_they_asked() -> None:
    """The first read is held until all others have asked; one more read then serves them all."""
    reading, asked = threading.Event(), threading.Event()

    class Store(FakeCatalogStore):
        def current(self) -> Catalog:
            reading.set()
            asked.wait(timeout=10)
            return super().current()

    store = Store()
    current = CurrentCatalog(store)
    first = threading.Thread(target=current.fresh)
    first.start()
    reading.wait(timeout=10)
    others = [threading.Thread(target=current.fresh) for _ in range(8)]
    for thread in others:
        thread.start()
    while repr(current._tick) != f"count({2 + len(others)})":  # the first asked and began, all others asked
        time.sleep(0.001)
    asked.set()
    for thread in (first, *others):
        thread.join(timeout=10)
    assert store.reads == 2


def test_a_read_that_failed_makes_nobody_render_by_an_older_catalog() -> None:
    """One of two waiters runs into a throttled read: the other must not be served what was read before both."""
    reading, asked = threading.Event(), threading.Event()

    class Store(FakeCatalogStore):
        fails = False

        def current(self) -> Catalog:
            if self.fails:
                self.fails = False
                reading.set()
                asked.wait(timeout=10)
                raise Retryable("throttled")
            return super().current()

    store = Store()
    current = CurrentCatalog(store)
    current.fresh()
    catalog.release(store, [recipe()], [("", "default")])
    store.fails, served = True, list[Catalog]()

    def first() -> None:
        with pytest.raises(Retryable):
            current.fresh()

    threads = [threading.Thread(target=first), threading.Thread(target=lambda: served.append(current.fresh()))]
    threads[0].start()
    reading.wait(timeout=10)
    threads[1].start()
    while repr(current._tick) != "count(5)":  # one read before, then: asked, began, asked
        time.sleep(0.001)
    asked.set()
    for thread in threads:
        thread.join(timeout=10)
    assert served == [store.catalog]


def test_before_the_first_release_there_is_nothing_to_render_by() -> None:
    with pytest.raises(Retryable, match="no-catalog"):
        Catalog().digest_for("a.jpg")
