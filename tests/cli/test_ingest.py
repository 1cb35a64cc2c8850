"""A folder and another bucket into the originals: each original once, checked by its checksum."""

import itertools
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

import cli.ingest
from cli.ingest import stepping
from cli.main import app
from jobs.errors import Retryable
from jobs.runs import Advance, Step
from local.stack import Stack
from tests.embedded import a_name

pytestmark = pytest.mark.embedded


@pytest.fixture
def ingest(deployed: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name, value in deployed.endpoint.variables.items():
        monkeypatch.setenv(name, value)

    def run(source: str | Path, *options: str) -> Result:
        return CliRunner().invoke(app, ["ingest", str(source), "--stack", deployed.name, "--yes", "--json", *options])

    return run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a b").mkdir()
    for name in ("1.jpg", "2.jpg", "a b/ü+3.jpg"):
        (tmp_path / name).write_bytes(name.encode())
    return tmp_path


def test_a_folder_is_sent_once_and_what_changed_is_sent_again(ingest: Any, folder: Path, deployed: Stack) -> None:
    album = a_name()
    first = json.loads(ingest(folder, "--prefix", f"{album}/").stdout)
    assert [first[name] for name in ("state", "sent", "skipped", "failed", "total")] == ["done", 3, 0, 0, 3]
    (folder / "2.jpg").write_bytes(b"2.jpX")
    again = json.loads(ingest(folder, "--prefix", f"{album}/").stdout)
    assert (again["sent"], again["skipped"]) == (1, 2)
    s3, bucket = deployed.endpoint.client("s3"), deployed.outputs["Originals"]
    assert s3.get_object(Bucket=bucket, Key=f"{album}/2.jpg")["Body"].read() == b"2.jpX"
    assert s3.get_object(Bucket=bucket, Key=f"{album}/a b/ü+3.jpg")["Body"].read() == "a b/ü+3.jpg".encode()


def test_what_is_in_another_bucket_is_copied_once(ingest: Any, deployed: Stack) -> None:
    s3, archive, album = deployed.endpoint.client("s3"), a_name(), a_name()
    s3.create_bucket(Bucket=archive)
    for name in ("old/1.jpg", "old/ü 2.jpg", "other.jpg"):
        s3.put_object(Bucket=archive, Key=name, Body=name.encode(), ContentType="image/jpeg")
    assert json.loads(ingest(f"s3://{archive}/old/", "--prefix", f"{album}/").stdout)["sent"] == 2
    again = json.loads(ingest(f"s3://{archive}/old/", "--prefix", f"{album}/").stdout)
    assert (again["sent"], again["skipped"]) == (0, 2)
    copied = s3.get_object(Bucket=deployed.outputs["Originals"], Key=f"{album}/old/ü 2.jpg")
    assert (copied["Body"].read(), copied["ContentType"]) == ("old/ü 2.jpg".encode(), "image/jpeg")


def test_an_upload_that_fails_is_told_and_the_others_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    def fails() -> bool:
        raise Retryable("unreachable", "the road is closed")

    sends = [lambda: True] * 50 + [fails] + [lambda: False] * 30
    with ThreadPoolExecutor(4) as pool:
        assert stepping(Pages([sends]), pool)("") == Advance(sent=50, skipped=30, next=None, failed=1)
    assert "the road is closed" in capsys.readouterr().err


def test_a_killed_one_goes_on_where_it_stood_and_is_listed(ingest: Any, folder: Path, deployed: Stack) -> None:
    """Killed after its first upload: `runs` lists it as running, and the same command does the rest."""
    album = a_name()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cli.ingest, "PAGE", 1)
        patch.setattr(cli.ingest, "stepping", lambda supply, pool: killed_at(2, stepping(supply, pool)))
        with pytest.raises(KilledError):
            ingest(folder, "--prefix", f"{album}/")
    run = listed(deployed)[0]
    assert (run["kind"], run["state"], run["seen"], run["total"]) == ("ingest", "running", 1, 3)
    assert all(run[name] for name in ("by", "began", "updated"))
    assert album in run["subject"]
    again = json.loads(ingest(folder, "--prefix", f"{album}/").stdout)
    assert (again["state"], again["sent"], again["skipped"]) == ("done", 3, 0)
    assert listed(deployed)[0]["state"] == "done"


def listed(deployed: Stack) -> Any:
    return json.loads(CliRunner().invoke(app, ["runs", "--stack", deployed.name, "--json"]).stdout)


class KilledError(BaseException):
    """The end of the program, at a place where nothing tidies up."""


def killed_at(number: int, step: Step) -> Step:
    """A step whose call of this number does not come back."""
    calls = itertools.count(1)

    def killed(place: str) -> Advance:
        if next(calls) == number:
            raise KilledError
        return step(place)

    return killed


@dataclass
class Pages:
    """Uploads in pages of one's own."""

    pages: list[list[Any]]

    def counted(self) -> tuple[int, int]:
        return sum(map(len, self.pages)), 0

    def page(self, after: str) -> tuple[list[Any], str | None]:
        number = int(after or 0)
        return self.pages[number], str(number + 1) if number + 1 < len(self.pages) else None


def test_no_name_at_all_is_not_the_folder_it_runs_in(ingest: Any) -> None:
    assert "name a folder or an s3:// address" in str(ingest("").exception)
