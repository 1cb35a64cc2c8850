"""A folder and another bucket into the originals: each original once, checked by its checksum."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli.ingest import Ingested, all_sent
from cli.main import app
from jobs.errors import Retryable
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
    assert json.loads(ingest(folder, "--prefix", f"{album}/").stdout) == {
        "sent": 3, "there": 0, "failed": 0, "total": 3,
    }  # fmt: skip
    (folder / "2.jpg").write_bytes(b"2.jpX")
    again = json.loads(ingest(folder, "--prefix", f"{album}/").stdout)
    assert (again["sent"], again["there"]) == (1, 2)
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
    assert (again["sent"], again["there"]) == (0, 2)
    copied = s3.get_object(Bucket=deployed.outputs["Originals"], Key=f"{album}/old/ü 2.jpg")
    assert (copied["Body"].read(), copied["ContentType"]) == ("old/ü 2.jpg".encode(), "image/jpeg")


def test_an_upload_that_fails_is_told_and_the_others_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    def fails() -> bool:
        raise Retryable("unreachable", "the road is closed")

    sends = [lambda: True] * 50 + [fails] + [lambda: False] * 30
    assert all_sent(iter(sends), len(sends), at_once=4) == Ingested(sent=50, there=30, failed=1, total=81)
    assert "the road is closed" in capsys.readouterr().err
