"""Speaking with contenders."""

import os
import sys
import textwrap
from pathlib import Path

import pytest

from bench.imaging.contenders import Contender
from bench.imaging.hand import Hand, Unable, cores, team
from bench.imaging.places import ROOT

CONTENDER = """
    from bench.imaging.workers.serve import Unable, serve

    def prepare(work):
        if work.profile:
            raise Unable("follows no ICC profile")
        return lambda: ({"256": work.original * 2}, {"path": "fused", "why": None, "stages": {"decode": 1.0}})

    serve({"made up": "1.0"}, prepare)
"""


def contender(code: str) -> Contender:
    """A contender that is a few lines of Python."""
    return Contender("made up", (sys.executable, "-c", textwrap.dedent(code)), Path(sys.executable))


def load(path: Path, profile: bool = False) -> dict[str, object]:
    """A request to load."""
    facts = {"shrink": 1, "orientation": 1, "profile": profile, "outputs": [], "watermark": {}}
    return {"path": str(path), **facts}


@pytest.fixture
def hand():
    with Hand(contender(CONTENDER), cores()[-1]) as hand:
        yield hand


def test_a_contender_tells_its_versions_when_it_is_ready(hand):
    assert hand.versions == {"made up": "1.0"}


def test_it_renders_as_often_as_asked_and_keeps_the_last(hand, tmp_path):
    original = tmp_path / "original"
    original.write_bytes(b"pixels")
    hand.ask("load", **load(original))
    answer = hand.ask("render", times=3)
    assert len(answer["ms"]) == 3
    assert answer["bytes"] == {"256": 12}
    assert answer["notes"]["path"] == "fused"
    hand.ask("keep", folder=str(tmp_path))
    assert (tmp_path / "256").read_bytes() == b"pixelspixels"


def test_what_it_cannot_do_is_an_exception_with_the_reason_and_it_lives_on(hand):
    with pytest.raises(Unable, match="follows no ICC profile"):
        hand.ask("load", **load(ROOT / "README.md", profile=True))
    assert hand.ask("load", **load(ROOT / "README.md")) == {}


def test_one_that_does_not_start_says_why():
    with pytest.raises(Unable, match="No module named 'nonesuch'"):
        Hand(contender("import nonesuch"), cores()[-1]).ready()


def test_one_whose_program_is_not_there_says_so(tmp_path):
    with pytest.raises(Unable, match="nonesuch: No such file or directory"):
        Hand(Contender("gone", (str(tmp_path / "nonesuch"),), tmp_path), cores()[-1])


def test_one_that_ends_is_told_by_its_error_not_by_what_follows():
    """As Node does, whose last line is its version."""
    ends = "import sys; sys.exit('at x.mjs:1\\nError: Input buffer is empty\\n    at y.mjs:2\\n\\nNode.js v20')"
    with pytest.raises(Unable, match=r"^Error: Input buffer is empty$"):
        Hand(contender(ends), cores()[-1]).ready()


def test_one_that_is_gone_when_it_is_asked_is_unable(hand):
    hand.process.kill()
    hand.process.wait()
    with pytest.raises(Unable, match="ended with status -9"):
        hand.ask("load", **load(ROOT / "README.md"))


def test_one_that_hangs_is_ended_and_named(hand, monkeypatch, tmp_path):
    monkeypatch.setattr("bench.imaging.hand.PATIENCE", 0.2)
    os.mkfifo(tmp_path / "nobody writes to this")
    with pytest.raises(Unable, match="gave no answer within"):
        hand.ask("load", **load(tmp_path / "nobody writes to this"))
    assert hand.process.wait(5) < 0


def test_it_stays_on_its_core_and_its_memory_is_counted(hand):
    allowed = Path(f"/proc/{hand.process.pid}/status").read_text()
    assert f"Cpus_allowed_list:\t{cores()[-1]}\n" in allowed
    assert 1 < hand.peak < 1000


def test_a_team_has_one_on_each_core_and_ends_with_its_block():
    with team(contender(CONTENDER), cores()) as hands:
        assert len(hands) == len(cores())
    assert all(hand.process.poll() is not None for hand in hands)
