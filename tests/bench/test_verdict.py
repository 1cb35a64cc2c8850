"""From measurements to verdicts."""

from dataclasses import replace
from pathlib import Path

import pytest

from bench.imaging.contenders import BASELINE, LIBVIPS, OURS_NAME, SHARP
from bench.imaging.jobs import JOBS
from bench.imaging.measure import Measured, Track
from bench.imaging.photos import Original
from bench.imaging.report import report
from bench.imaging.verdict import Spread, gate, goals, ratio, speed, spread

THUMB = next(job for job in JOBS if job.name == "thumb")
SET = next(job for job in JOBS if job.name == "set")
PHOTOS = ("one", "two", "three")


def measured(job=THUMB, peak=60.0, **milliseconds: float) -> Measured:
    """A job in which everyone took the same time for every photo; ours 10 ms unless told."""
    taken = {OURS_NAME: 10.0, SHARP: 100.0, LIBVIPS[0]: 40.0, LIBVIPS[1]: 30.0} | milliseconds
    tracks = {
        name: Track(
            ms={photo: [ms, ms, ms] for photo in PHOTOS},
            bytes={photo: {output.name: 1000 for output in job.outputs} for photo in PHOTOS},
            peak=peak,
            stages=[{"decode": ms}],
            paths=dict.fromkeys(PHOTOS, "fused"),
        )
        for name, ms in taken.items()
    }
    originals = [Original(photo, Path(photo), 4000, 3000, 1, False) for photo in PHOTOS]
    return Measured(replace(job, tried=""), originals, tracks)


def scores(found: Measured, **of: float) -> dict[tuple[str, str, str], float]:
    """Everyone's pixels as good, but for those told."""
    return {
        (name, photo, output.name): of.get(name, 75.0)
        for name in found.tracks
        for photo in PHOTOS
        for output in found.job.outputs
    }


def test_a_spread_is_the_median_and_the_quartiles():
    assert spread([1, 2, 3, 4, 5]) == Spread(3, 2, 4)
    assert spread([7]) == Spread(7, 7, 7)


def test_a_ratio_is_taken_photo_by_photo():
    found = measured()
    found.tracks[SHARP].ms = {"one": [20.0, 20.0, 900.0], "two": [30.0], "three": [50.0]}
    assert ratio(found, SHARP) == Spread(3.0, 2.5, 4.0)


def test_the_gate_passes_what_is_as_good_as_the_baseline_within_its_margin():
    found = measured()
    found.tracks[OURS_NAME].bytes["one"]["256"] = 1029  # 2.9 % of one photo, 0.97 % of the three
    assert gate(found, scores(found, **{OURS_NAME: 74.71}), OURS_NAME) == []


def test_the_gate_names_the_size_that_is_worse():
    found = measured()
    assert gate(found, scores(found, **{OURS_NAME: 74.6}), OURS_NAME) == ["256: -0.40"]
    found.tracks[OURS_NAME].bytes["one"]["256"] = 1060
    assert gate(found, scores(found), OURS_NAME) == ["256: bytes +2.0%"]


def test_goals_are_measured_against_sharp_and_the_faster_way_of_libvips():
    found = measured()
    sharp, libvips = goals([(found, scores(found))])
    assert (sharp.reached, sharp.met) == ("10.00 (10.00–10.00)", True)
    assert (libvips.name, libvips.reached, libvips.met) == (f"thumb: × {BASELINE}", "3.00 (3.00–3.00)", True)


def test_a_speed_goal_does_not_count_with_worse_pixels():
    found = measured()
    sharp, _ = goals([(found, scores(found, **{OURS_NAME: 70.0}))])
    assert not sharp.met
    assert sharp.why == "gate: 256: -5.00"


def test_a_missed_goal_names_the_stage_that_costs():
    found = measured(**{OURS_NAME: 60.0})
    sharp, _ = goals([(found, scores(found))])
    assert (sharp.met, sharp.why) == (False, "most went into decode 60.0 ms")


@pytest.mark.parametrize(("peak", "met"), [(79.9, True), (80.0, False)])
def test_the_memory_of_the_set_is_a_goal(peak, met):
    found = measured(SET, peak)
    found.tracks[OURS_NAME].heaviest = "a.jpg"
    memory = goals([(found, scores(found))])[-1]
    assert (memory.met, memory.why) == (met, "" if met else "the most with a.jpg")


def test_a_goal_against_an_absent_peer_is_missed_and_says_so():
    found = measured()
    found.tracks[SHARP] = Track(unable="not installed: npm is missing")
    sharp, _ = goals([(found, scores(found))])
    assert (sharp.met, sharp.reached) == (False, "–")
    assert "npm is missing" in sharp.why


def test_the_page_names_the_absent_and_ends_with_the_count():
    found = measured()
    found.tracks["OpenCV, pyramid"] = Track(unable="not installed: no wheel")
    everything = [(found, scores(found))]
    page = report(everything, {"Processor": "one"}, goals(everything), {"a|b.jpg": "empty"})
    assert "| OpenCV, pyramid | thumb | not installed: no wheel |" in page
    assert "| a/b.jpg | empty |" in page
    assert "Served by our fused path: 3." in page
    assert page.endswith("\ngoals met: 2 of 2\n")


def test_a_missed_goal_says_what_was_tried():
    found = measured(**{SHARP: 19.0})
    found.job = replace(found.job, tried="magic")
    assert speed(found, SHARP, 2.0, []).why.endswith("; tried: magic")
    assert speed(found, SHARP, 1.9, []).why == ""


def test_why_a_goal_is_missed_stands_before_the_verdicts_which_fit_a_terminal():
    found = measured(**{SHARP: 19.0})
    found.job = replace(found.job, tried="magic " * 200)
    page = report([(found, scores(found))], {}, goals([(found, scores(found))]), {})
    why, verdicts = page.split("## Goals")[1].split("| Goal ")
    assert why.strip().startswith("- thumb: × sharp, per size: most went into decode 10.0 ms; tried: magic")
    assert "**missed**" in verdicts
    assert max(map(len, verdicts.splitlines())) < 100
