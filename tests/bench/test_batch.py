"""The batch's benchmark still runs: what it stands in for may change without it."""

import re
import subprocess
import sys
from pathlib import Path

from bench.imaging.places import ROOT
from tests.imaging.drawing import scene, write

VERDICT = re.compile(r"^efficiency \d+%, isolation -?[\d.]+%, memory [+-][\d.]+%$", re.MULTILINE)
FEW = ("--count", "4", "--rounds", "1", "--batches", "2")


def test_a_few_photos_are_measured_in_every_way(tmp_path: Path) -> None:
    """What it measures of them says nothing; that a goal was missed is no failure."""
    (tmp_path / "photo.jpg").write_bytes(write(scene(), "jpeg"))
    ran = subprocess.run(
        [sys.executable, "-m", "bench.batch", "--photos", str(tmp_path), *FEW],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert VERDICT.search(ran.stdout), ran.stderr
