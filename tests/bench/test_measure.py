"""How contenders are told what to do, and in what order."""

from dataclasses import replace
from pathlib import Path

from bench.imaging.hand import Unable
from bench.imaging.jobs import JOBS
from bench.imaging.measure import Measured, Track, rendered, rotated, weigh, work
from bench.imaging.photos import Original

SET = next(job for job in JOBS if job.name == "set")
TURNED = Original("turned", Path("turned.jpg"), 3024, 4032, 6, True)


def test_everyone_has_a_turn_a_round_and_someone_else_begins():
    assert list(rotated(["a", "b", "c"], 0)) == ["a", "b", "c"]
    assert list(rotated(["a", "b", "c"], 1)) == ["b", "c", "a"]
    assert list(rotated(["a", "b", "c"], 5)) == ["c", "a", "b"]


def test_sizes_are_told_exactly_and_upright_and_the_mark_lies_within(tmp_path: Path):
    told = work(SET, TURNED, tmp_path)
    assert [(output["width"], output["height"]) for output in told["outputs"]] == [
        (1536, 2048),
        (960, 1280),
        (480, 640),
        (192, 256),
    ]
    mark = told["outputs"][0]["mark"]
    assert mark["left"] + mark["width"] <= 1536
    assert mark["top"] + mark["height"] <= 2048
    assert Path(mark["path"]).stat().st_size == mark["width"] * mark["height"] * 4
    assert [output["mark"] for output in told["outputs"][1:]] == [None, None, None]


def test_a_jpeg_is_shrunk_on_load_as_far_as_the_largest_size_allows(tmp_path: Path):
    assert work(SET, Original("large", Path("large.jpg"), 6000, 4000, 1, False), tmp_path)["shrink"] == 2
    assert work(SET, Original("large", Path("large.png"), 6000, 4000, 1, False), tmp_path)["shrink"] == 1


def test_one_that_fails_in_a_round_is_out_of_the_job_with_the_reason_and_the_photo():
    class Gone:
        name = "gone"

        def ask(self, do, **more):
            raise Unable("gave no answer within 120 s")

    measured = Measured(SET, [TURNED], {"gone": Track(ms={"turned": [1.0]})})
    assert not rendered(Gone(), TURNED, measured)
    assert measured.tracks["gone"] == Track(unable="gave no answer within 120 s (turned)")


def test_outputs_are_in_descending_size():
    for job in JOBS:
        edges = [output.edge for output in job.outputs]
        assert edges == sorted(edges, reverse=True)


def test_the_peak_is_told_with_the_photo_that_reached_it():
    track = Track()
    for peak, name in ((60.0, "light"), (109.0, "progressive"), (109.0, "next")):
        weigh(peak, replace(TURNED, name=name), track)
    assert (track.peak, track.heaviest) == (109.0, "progressive")
