"""The verb as an operator runs it: killed in the middle, and given again."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from typer.testing import CliRunner

from aws.connect import connect
from cli import backfill
from cli.complaint import Complaint
from cli.main import app
from jobs import book, catalog, runs, settings
from jobs.source import Record, State
from local.cloud import Cloud, running
from local.environment import ROOT
from tests.imaging.drawing import scene, write
from tests.local.processes import eventually

pytestmark = [pytest.mark.embedded, pytest.mark.slow]

ORIGINALS = int(os.environ.get("BACKFILL", "120"))
"""BACKFILL=2000 is the same at length."""

STEPS = 6
PER_SECOND = str(ORIGINALS // STEPS)
"""As many steps as seconds, so that there is a middle to be killed in."""


@dataclass
class Archive:
    """A deployment, and originals that were in its bucket before anyone was told of them."""

    cloud: Cloud

    def safelight(self, *arguments: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "cli.main", *arguments],
            cwd=ROOT, env=self.cloud.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    @property
    def address(self) -> str:
        return f"s3://{self.cloud.stack.outputs['Originals']}/"

    def records(self) -> list[Record]:
        ledger = connect(settings.read(self.cloud.environment)).ledger
        page = ledger.scan()
        found = [*page.records]
        while page.next:
            page = ledger.scan(page.next)
            found += page.records
        return found

    def renditions(self) -> int:
        """How often one was put: the bucket keeps every version."""
        pages = self.cloud.client("s3").get_paginator("list_object_versions")
        return sum(
            len(page.get("Versions", [])) for page in pages.paginate(Bucket=self.cloud.stack.outputs["Renditions"])
        )


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    with running(directory=tmp_path_factory.mktemp("backfill")) as cloud, pytest.MonkeyPatch.context() as patch:
        for name, value in cloud.environment.items():
            patch.setenv(name, value)
        s3, bucket = cloud.client("s3"), cloud.stack.outputs["Originals"]
        s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})
        photo = write(scene(), "jpeg")
        for number in range(ORIGINALS):
            s3.put_object(Bucket=bucket, Key=f"20{number % 7}/{number:04}.jpg", Body=photo)
        recipes = book.read(ROOT / "recipes")
        catalog.release(connect(settings.read(cloud.environment)).catalog, recipes.recipes, recipes.routes)
        yield Archive(cloud)


def test_without_a_yes_it_shows_the_plan_and_its_price_and_begins_nothing(archive: Archive) -> None:
    shown = archive.safelight("backfill", archive.address)
    stdout, stderr = shown.communicate(timeout=60)
    assert (shown.returncode, stdout) == (5, "")
    assert f"{ORIGINALS:,} objects" in stderr
    assert "at most" in stderr
    assert archive.records() == []


def test_a_plan_that_nobody_agreed_to_is_said_as_data_too(archive: Archive) -> None:
    shown = archive.safelight("backfill", archive.address, "--json")
    stdout, _ = shown.communicate(timeout=60)
    assert (shown.returncode, "say --yes" in json.loads(stdout)["error"]) == (5, True)


def test_its_plan_is_data_too(archive: Archive) -> None:
    address = f"{archive.address}200/"
    told = CliRunner().invoke(app, ["backfill", address, "--dry-run", "--json", "--per-second", "inf"])
    plan = json.loads(told.stdout)
    assert told.exit_code == 0
    assert 0 < plan["objects"] < ORIGINALS
    assert plan["dollars"] >= plan["rendering"] > 0


def test_nothing_to_send_is_no_run(archive: Archive) -> None:
    with pytest.raises(Complaint, match=r"there is no object under .*/nothing/"):
        CliRunner().invoke(app, ["backfill", f"{archive.address}nothing/", "--yes"], catch_exceptions=False)


def test_killed_in_the_middle_and_given_again_it_sends_every_source_and_each_is_done_once(archive: Archive) -> None:
    command = ("backfill", archive.address, "--yes", "--json", "--per-second", PER_SECOND)
    aws = connect(settings.read(archive.cloud.environment))
    id = runs.named(backfill.KIND, archive.address)
    first = archive.safelight(*command)
    assert eventually(lambda: (run := aws.runs.read(id)) is not None and run.seen >= ORIGINALS // 2, within=60)
    first.kill()
    first.wait()
    stands = aws.runs.read(id)
    assert stands is not None
    assert 0 < stands.seen < ORIGINALS

    second = archive.safelight(*command)
    stdout, stderr = second.communicate(timeout=120)
    assert second.returncode == 0, stderr
    told = json.loads(stdout)
    assert (told["state"], told["seen"]) == ("done", ORIGINALS)
    assert "goes on" in stderr

    assert eventually(
        lambda: [one.state for one in archive.records()] == [State.DONE] * ORIGINALS, within=30 + ORIGINALS
    )
    assert {record.fence for record in archive.records()} == {1}
    assert archive.renditions() == 4 * ORIGINALS


def test_what_is_published_already_is_skipped_for_the_price_of_a_read(archive: Archive) -> None:
    again = archive.safelight("backfill", archive.address, "--yes", "--json")
    stdout, stderr = again.communicate(timeout=60)
    assert again.returncode == 0, stderr
    told = json.loads(stdout)
    assert (told["sent"], told["skipped"]) == (0, ORIGINALS)


def test_a_run_is_paused_from_another_terminal_and_resumed(archive: Archive) -> None:
    slowly = str(ORIGINALS // (2 * STEPS))  # another terminal needs a while to open
    command = ("backfill", archive.address, "--yes", "--json", "--per-second", slowly, "--no-look")
    id = runs.named(backfill.KIND, archive.address)
    first = archive.safelight(*command)
    aws = connect(settings.read(archive.cloud.environment))
    assert eventually(
        lambda: (run := aws.runs.read(id)) is not None and run.phase == "running" and run.seen > 0, within=60
    )
    assert archive.safelight("runs", "pause", id).wait(60) == 0
    stdout, stderr = first.communicate(timeout=60)
    assert first.returncode == 4, stderr
    assert json.loads(stdout)["state"] == "paused"
    resumed = archive.safelight("runs", "resume", id, "--json")
    stdout, stderr = resumed.communicate(timeout=60)
    assert resumed.returncode == 0, stderr
    assert json.loads(stdout)["seen"] == ORIGINALS
    assert archive.renditions() == 4 * ORIGINALS
