"""`safelight demo` from its options to its exit, on a deployment in memory."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli import demo, main
from cli.complaint import Complaint
from jobs.source import Record, State
from local.errors import PortTaken
from tests.cli.runs import BOOK, FakeDeployment, done, letter, rejected, source


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    folder = tmp_path / "photographs"
    folder.mkdir()
    for name in ("a.jpg", "b.jpg"):
        (folder / name).write_bytes(bytes(1000))
    return folder


@pytest.fixture
def run(photographs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "Run":
    return Run(photographs, tmp_path / "out", monkeypatch)


class Run:
    """Runs the verb on the two photographs, against whatever deployment is put in the place of the embedded one."""

    def __init__(self, photographs: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.photographs, self.out, self._monkeypatch = photographs, out, monkeypatch

    def __call__(self, deployment: FakeDeployment, *options: str) -> Result:
        @contextmanager
        def embedded(*, port: int | None, concurrency: int | None) -> Iterator[FakeDeployment]:
            yield deployment

        self._monkeypatch.setattr(demo, "embedded", embedded)
        self._monkeypatch.setattr(demo.recipes, "named", lambda _: BOOK)
        self._monkeypatch.setattr(demo, "watch", impatient)
        return CliRunner().invoke(main.app, ["demo", str(self.photographs), "--out", str(self.out), *options])

    @property
    def page(self) -> str:
        return (self.out / demo.PAGE).read_text(encoding="utf-8")


def impatient(*arguments: object, watch: object = demo.watch) -> object:
    assert callable(watch)
    return watch(*arguments, patience=0.5)


def test_everything_published_exits_with_zero(run: Run) -> None:
    result = run(FakeDeployment({"a.jpg": done("a.jpg"), "b.jpg": done("b.jpg")}))
    assert result.exit_code == 0, result.output
    assert "each fetched and decoded again" in result.stdout
    assert "a.jpg" in run.page
    assert len(list((run.out / "renditions").rglob("*.*"))) == 4


def test_a_refusal_with_its_letter_exits_with_zero_and_is_shown(run: Run) -> None:
    answers = {"a.jpg": done("a.jpg"), "b.jpg": rejected("b.jpg")}
    result = run(FakeDeployment(answers, dead=(letter("b.jpg"),)))
    assert result.exit_code == 0, result.output
    assert "in the DLQ" in result.stdout
    assert "corrupt" in run.page


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Record(source("b.jpg"), State.QUEUED), "is still"),
        (Record(source("b.jpg"), State.DEAD, reason="throttled"), "was given up: throttled"),
        (rejected("b.jpg"), "there is no letter about it"),
        (None, "the ledger has never heard of it"),
    ],
)
def test_whatever_is_not_accounted_for_exits_with_one_and_is_listed(
    run: Run, answer: Record | None, words: str
) -> None:
    answers = {"a.jpg": done("a.jpg")} | ({"b.jpg": answer} if answer else {})
    result = run(FakeDeployment(answers))
    assert result.exit_code == 1
    assert "b.jpg" in result.stdout
    assert words in " ".join(result.stdout.split())
    assert words in run.page


def test_a_published_rendition_that_is_not_there_exits_with_one(run: Run) -> None:
    deployment = FakeDeployment({"a.jpg": done("a.jpg"), "b.jpg": done("b.jpg")})
    deployment.objects.popitem()
    assert run(deployment).exit_code == 1


def test_json_is_all_that_goes_to_standard_output(run: Run) -> None:
    answers = {"a.jpg": done("a.jpg", milliseconds=70), "b.jpg": rejected("b.jpg")}
    result = run(FakeDeployment(answers, dead=(letter("b.jpg"),)), "--json")
    summary = json.loads(result.stdout)
    assert (summary["images"], summary["renditions"], summary["p50"], summary["problems"]) == (1, 2, 70, [])
    assert summary["declined"] == {"progressive": 1}
    assert summary["rejected"] == [{"key": "b.jpg", "reason": "corrupt", "detail": "it broke", "letter": True}]


def test_the_last_run_makes_room_for_the_next(run: Run) -> None:
    both = {"a.jpg": done("a.jpg"), "b.jpg": done("b.jpg")}
    run(FakeDeployment(both))
    (run.photographs / "b.jpg").unlink()
    run(FakeDeployment({"a.jpg": done("a.jpg")}))
    assert len(list((run.out / "renditions").rglob("*.*"))) == 2


def test_a_folder_with_other_files_is_left_alone(run: Run) -> None:
    run.out.mkdir()
    (run.out / "thesis.txt").write_text("precious")
    result = run(FakeDeployment({}))
    assert isinstance(result.exception, Complaint)
    assert "holds other files" in str(result.exception)
    assert [path.name for path in run.out.iterdir()] == ["thesis.txt"]


def test_the_recipes_are_released_with_their_routes_before_anything_is_uploaded(run: Run) -> None:
    deployment = FakeDeployment({"a.jpg": done("a.jpg"), "b.jpg": done("b.jpg")})
    run(deployment)
    assert deployment.calls[0] == "release"
    assert deployment.catalog.current().routes == BOOK.routes


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        (Complaint("there is no folder x: name one"), 2, "safelight: there is no folder x: name one\n"),
        (PortTaken("port 4566 on 127.0.0.1 is taken"), 2, "safelight: port 4566 on 127.0.0.1 is taken\n"),
    ],
)
def test_what_the_user_can_put_right_is_one_line(
    error: BaseException, status: int, line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(**_: object) -> None:
        raise error

    monkeypatch.setattr(main, "app", fail)
    with pytest.raises(SystemExit) as stopped:
        main.main()
    assert stopped.value.code == status
    assert capsys.readouterr() == ("", line)
