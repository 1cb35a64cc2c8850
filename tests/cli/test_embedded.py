"""The verb as a user runs it: a program of its own, the embedded AWS, real workers, real pixels."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cli.samples.draw import draw
from cli.samples.plan import Sample
from cli.samples.spoiled import LETTER
from local.embedded import PYTHON
from local.environment import ROOT
from tests.local.processes import alive, children, eventually

pytestmark = [
    pytest.mark.embedded,
    pytest.mark.slow,
    pytest.mark.skipif(not PYTHON.exists(), reason="the embedded AWS is not set up: make setup"),
]


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    """A JPEG that lies on its side, a PNG under a name full of traps, and a letter."""
    folder = tmp_path / "photographs"
    (folder / "50% <b> & ü").mkdir(parents=True)
    (folder / "turned.jpg").write_bytes(draw(Sample("", "city", "jpeg", 640, 480, 6, 1)))
    (folder / "50% <b> & ü" / "a+b.png").write_bytes(draw(Sample("", "night", "png", 320, 200, 1, 2)))
    (folder / "letter.jpg").write_bytes(LETTER)
    return folder


def safelight(*arguments: str | Path) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "cli.main", "demo", *map(str, arguments)]
    return subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=in_front
    )


def in_front() -> None:
    """A Ctrl-C is not heard by who was started in the background, and the tests may have been."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_a_folder_goes_through_the_whole_chain_and_is_accounted_for(photographs: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    demo = safelight(photographs, "--out", out, "--json")
    stdout, stderr = demo.communicate(timeout=200)
    assert demo.returncode == 0, stderr + stdout
    summary = json.loads(stdout)
    assert (summary["images"], summary["renditions"], summary["problems"]) == (2, 8, [])
    assert summary["refused"] == {"not-an-image": 1}
    assert [refusal["letter"] for refusal in summary["rejected"]] == [True]
    page = (out / "contact-sheet.html").read_text(encoding="utf-8")
    assert "50% &lt;b&gt; &amp; ü/" in page
    assert "JPEG 640&hairsp;×&hairsp;480" in page


def test_ctrl_c_stops_everything_that_was_started(photographs: Path, tmp_path: Path) -> None:
    demo = safelight(photographs, "--out", tmp_path / "out", "--keep")
    started = children_once_there(demo)
    demo.send_signal(signal.SIGINT)
    demo.communicate(timeout=60)
    assert demo.returncode == 130
    assert eventually(lambda: not any(map(alive, started)))


def children_once_there(demo: "subprocess.Popen[str]") -> list[int]:
    """The embedded AWS and a worker, once they run."""
    assert eventually(lambda: demo.poll() is not None or len(children(demo.pid)) >= 2, within=120)
    assert demo.poll() is None
    return children(demo.pid)
