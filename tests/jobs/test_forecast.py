"""What a number of images costs and how long it takes, from the time of one."""

from dataclasses import replace

import pytest

from jobs.forecast import MEMORIES, Assumed, Image, Limits, Setting, cheapest, each, forecast
from jobs.prices import PRICES

MILLION = 1_000_000
PHOTO = Image(milliseconds=100, puts=4)


def test_a_million_is_a_million_times_one() -> None:
    answer = forecast(MILLION, PHOTO, Setting())
    cold = answer.dollars["Lambda, cold starts"]
    assert answer.total - cold == pytest.approx(MILLION * sum(each(PHOTO, Setting()).values()))
    assert answer.dollars["renditions, S3 PUT"] == pytest.approx(4 * MILLION * PRICES.s3_put)
    assert answer.without_puts == pytest.approx(answer.total - 20)


def test_counting_and_logging_are_in_the_price() -> None:
    """Of an image: one mark in a transaction, read before, and its part of the log."""
    told = forecast(MILLION, PHOTO, Setting()).dollars
    assert told["counters of the console"] == pytest.approx(2 * 0.625 + 0.125)
    assert 0 < told["logs"] < 1


def test_lambda_is_paid_by_memory_and_time() -> None:
    """Ten images of 100 ms at 1.5 times the time on two vCPUs: 0.75 s, and 0.3 s around them."""
    gb_seconds = 1.05 * 3538 / 1024 / 10
    assert each(PHOTO, Setting())["Lambda, GB-seconds"] == pytest.approx(gb_seconds * PRICES.lambda_gb_second_x86_64)


def test_a_backfill_pays_for_no_event() -> None:
    saved = sum(each(PHOTO, Setting()).values()) - sum(each(replace(PHOTO, uploaded=False), Setting()).values())
    assert saved == pytest.approx(PRICES.sns_publish + PRICES.sqs_request)


def test_what_waits_for_the_lane_is_done_at_its_full_width() -> None:
    answer = forecast(MILLION, PHOTO, Setting())
    assert answer.bottleneck == "MaximumConcurrency"
    assert answer.per_second == pytest.approx(50 * 10 / 1.05)
    assert answer.seconds == pytest.approx(MILLION / answer.per_second, rel=0.02)


def test_a_wider_lane_meets_the_next_limit() -> None:
    answer = forecast(MILLION, PHOTO, Setting(concurrency=1000))
    assert (answer.bottleneck, answer.per_second) == ("PUTs of a bucket that S3 has not split yet", 3500 / 4)
    split = forecast(MILLION, PHOTO, Setting(concurrency=1000), limits=Limits(prefix_puts=14_000))
    assert (split.bottleneck, split.per_second) == ("writes of a new table", 4000 / 4)


def test_few_images_are_done_before_the_lane_is_wide() -> None:
    """At 5 batches at once, 5 more each second, the 10 batches of 1.05 s are done within two of them."""
    answer = forecast(100, PHOTO, Setting(), assumed=Assumed(cold=0))
    assert 1.05 < answer.seconds < 2 * 1.05 + 1


@pytest.mark.parametrize("images", [10, 1000, 20_000, 100_000, MILLION])
def test_more_images_take_longer_and_a_narrower_ramp_never_shortens_it(images: int) -> None:
    taken = forecast(images, PHOTO, Setting()).seconds
    assert forecast(2 * images, PHOTO, Setting()).seconds > taken
    assert forecast(images, PHOTO, Setting(), limits=Limits(more_per_second=1)).seconds >= taken


def test_the_cheapest_memory_is_no_dearer_than_any_other() -> None:
    best = cheapest(MILLION, PHOTO, Setting())
    assert all(best.total <= forecast(MILLION, PHOTO, Setting(memory=memory)).total for memory in MEMORIES)


def test_arm_is_a_fifth_cheaper() -> None:
    dollars = [each(PHOTO, Setting(architecture=name))["Lambda, GB-seconds"] for name in ("arm64", "x86_64")]
    assert dollars[0] / dollars[1] == pytest.approx(0.8, abs=0.001)
