"""Where pixels go: exact, whatever the numbers."""

from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from imaging.geometry import (
    OVERSAMPLING,
    Box,
    area,
    chain,
    half_up,
    mark_box,
    mark_size,
    placement,
    shrink_on_load,
)
from imaging.recipe import Gravity, Recipe, Rendition, Resize
from imaging.renditions import CORNERS, GRAVITIES

edges = st.integers(1, 70_000)
boxes = st.integers(1, 16_383)


def nearest(exact: Fraction) -> int:
    """A rational number rounded half up, at least 1."""
    return max(1, int(exact + Fraction(1, 2)))


@given(edges, edges, boxes, boxes)
def test_limit_never_enlarges_and_never_leaves_the_box(width: int, height: int, across: int, down: int) -> None:
    place = placement(Resize(across, down), width, height)
    scale = min(Fraction(across, width), Fraction(down, height), Fraction(1))
    assert (place.width, place.height) == (nearest(width * scale), nearest(height * scale))
    assert place.width <= min(width, across)
    assert place.height <= min(height, down)


@given(edges, edges, boxes, boxes)
def test_fit_touches_the_box(width: int, height: int, across: int, down: int) -> None:
    place = placement(Resize(across, down, "fit"), width, height)
    scale = min(Fraction(across, width), Fraction(down, height))
    assert (place.width, place.height) == (nearest(width * scale), nearest(height * scale))
    assert place.width == across or place.height == down


@given(edges, edges, boxes, boxes, st.sampled_from(GRAVITIES))
def test_fill_is_the_box_within_the_scaled_image(
    width: int, height: int, across: int, down: int, gravity: Gravity
) -> None:
    place = placement(Resize(across, down, "fill", gravity), width, height)
    scale = max(Fraction(across, width), Fraction(down, height))
    assert place.scaled == (nearest(width * scale), nearest(height * scale))
    assert (place.width, place.height) == (across, down)
    assert 0 <= place.left <= place.scaled_width - across
    assert 0 <= place.top <= place.scaled_height - down


@given(edges, edges, boxes)
def test_one_edge_binds_alone(width: int, height: int, edge: int) -> None:
    assert placement(Resize(edge, None, "fit"), width, height).width == edge
    assert placement(Resize(None, edge, "fit"), width, height).height == edge
    assert placement(Resize(edge, None), width, height).width == min(edge, width)


def test_no_resize_keeps_every_pixel() -> None:
    place = placement(None, 4032, 3024)
    assert (place.scaled, place.left, place.top, place.width, place.height) == ((4032, 3024), 0, 0, 4032, 3024)


@pytest.mark.parametrize(
    ("gravity", "left", "top"),
    [
        ("north-west", 0, 0),
        ("north", 50, 0),
        ("north-east", 100, 0),
        ("west", 0, 0),
        ("centre", 50, 0),
        ("smart", 50, 0),
        ("south-east", 100, 0),
    ],
)
def test_gravity_pulls_the_window(gravity: Gravity, left: int, top: int) -> None:
    place = placement(Resize(100, 100, "fill", gravity), 400, 200)
    assert (place.left, place.top) == (left, top)


@pytest.mark.parametrize(
    ("exact", "whole"), [((1, 2), 1), ((3, 2), 2), ((5, 2), 3), ((1, 3), 1), ((4, 3), 1), ((1, 9), 1)]
)
def test_halves_are_rounded_up_and_nothing_vanishes(exact: tuple[int, int], whole: int) -> None:
    assert half_up(Fraction(*exact)) == half_up(exact[0] / exact[1]) == whole


# The chain of sizes


def recipe(*resizes: Resize | None) -> Recipe:
    """A recipe of these sizes."""
    return Recipe("r", tuple(Rendition(f"n{index}", "jpeg", resize=each) for index, each in enumerate(resizes)))


any_resize = st.none() | st.one_of(
    st.builds(Resize, boxes, boxes, st.sampled_from(["limit", "fit", "fill"])), st.builds(Resize, boxes, st.none())
)


@given(st.lists(any_resize, min_size=1, max_size=6), edges, edges)
def test_every_level_is_made_once_from_one_that_is_there(resizes: list[Resize | None], width: int, height: int) -> None:
    plan = chain(recipe(*resizes), width, height)
    made = {plan.ground}
    for size, source in plan.levels:
        assert source in made
        assert size not in made
        made.add(size)
    assert {place.scaled for place in plan.placements} <= made


@given(st.lists(any_resize, min_size=1, max_size=6), edges, edges)
def test_nothing_small_is_made_from_something_enlarged(resizes: list[Resize | None], width: int, height: int) -> None:
    plan = chain(recipe(*resizes), width, height)
    original = (width * height, width)
    assert area(plan.ground) <= original
    for size, source in plan.levels:
        assert area(source) <= original
        assert area(source) > area(size) or area(size) > original


def test_the_default_chain_goes_down_step_by_step() -> None:
    plan = chain(recipe(Resize(640, 640), Resize(2048, 2048), Resize(256, 256), Resize(1280, 1280)), 4000, 3000)
    assert plan.ground == (2048, 1536)
    assert plan.levels == (
        ((1280, 960), (2048, 1536)),
        ((640, 480), (1280, 960)),
        ((256, 192), (640, 480)),
    )
    assert plan.smallest == (256, 192)


def test_where_something_is_enlarged_the_original_is_the_ground() -> None:
    plan = chain(recipe(Resize(2000, 2000, "fit"), Resize(100, 100)), 1000, 500)
    assert plan.ground == (1000, 500)
    assert plan.levels == (((2000, 1000), (1000, 500)), ((100, 50), (1000, 500)))


@given(st.integers(1, 20_000), st.integers(1, 20_000), boxes)
def test_shrinking_on_load_leaves_enough_and_no_more(width: int, height: int, edge: int) -> None:
    plan = chain(recipe(Resize(edge, edge)), width, height)
    shrink = shrink_on_load(plan.ground, width, height)
    scaled_width, scaled_height = plan.ground
    assert shrink in (1, 2, 4, 8)
    if shrink > 1:
        assert width / shrink >= OVERSAMPLING * scaled_width
        assert height / shrink >= OVERSAMPLING * scaled_height
    if shrink < 8 and min(scaled_width, scaled_height) > 1:
        further = max(1, shrink) * 2
        assert min(width / scaled_width, height / scaled_height) < OVERSAMPLING * further


# Marks


@given(boxes, boxes, edges, edges, st.floats(0.01, 1), st.floats(0, 0.5), st.sampled_from(CORNERS))
def test_a_mark_lies_within_the_image(
    width: int, height: int, across: int, down: int, share: float, margin: float, gravity: Gravity
) -> None:
    image = (width, height)
    box = mark_box(mark_size(share, (across, down), image), margin, gravity, image)
    assert box.left >= 0
    assert box.top >= 0
    assert box.left + box.width <= width
    assert box.top + box.height <= height


@given(st.floats(0.01, 0.4), st.floats(0, 0.1), st.integers(100, 4000), st.integers(100, 4000))
def test_a_mark_keeps_its_distance_from_the_corner(share: float, margin: float, width: int, height: int) -> None:
    mark = mark_size(share, (400, 100), (width, height))
    inset = int(margin * min(width, height) + 0.5)
    assume(mark[0] + 2 * inset <= width and mark[1] + 2 * inset <= height)
    box = mark_box(mark, margin, "south-east", (width, height))
    assert (width - box.left - box.width, height - box.top - box.height) == (inset, inset)
    assert mark_box(mark, margin, "north-west", (width, height)).left == inset


@pytest.mark.parametrize("gravity", ["north-west", "centre", "south-east"])
def test_a_margin_gives_way_evenly_where_there_is_no_room_for_it(gravity: str) -> None:
    assert mark_box((80, 60), 0.5, gravity, (100, 90)) == Box(10, 15, 80, 60)
