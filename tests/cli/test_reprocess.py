"""A change of recipes as an operator makes it: planned, applied to the delta, rolled back."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from aws.connect import Aws, connect
from jobs import settings
from jobs.source import State
from local.cloud import Cloud, running
from local.environment import ROOT
from tests.imaging.drawing import scene, write
from tests.local.processes import eventually

pytestmark = [pytest.mark.embedded, pytest.mark.slow]

ORIGINALS = 6


@dataclass
class Site:
    """A deployment in use, and the folder its recipes come from."""

    cloud: Cloud
    folder: Path
    aws: Aws

    def recipes(self, verb: str, *arguments: str | Path) -> Any:
        command = [sys.executable, "-m", "cli.main", "recipes", verb, *map(str, arguments), "--json"]
        said = subprocess.run(
            command, cwd=ROOT, env=self.cloud.environment, capture_output=True, text=True, timeout=120, check=False
        )
        assert said.returncode == 0, said.stderr
        return json.loads(said.stdout)

    def write(self, before: str, after: str) -> None:
        path = self.folder / "default.toml"
        assert before in path.read_text()
        path.write_text(path.read_text().replace(before, after))

    def settled(self, revision: int) -> bool:
        records = self.aws.ledger.scan().records
        return len(records) == ORIGINALS and all(
            one.state is State.DONE and one.published is not None and one.published.revision == revision
            for one in records
        )

    def puts(self) -> int:
        """Of renditions; the bucket keeps every version."""
        return len(
            self.cloud.client("s3").list_object_versions(Bucket=self.cloud.stack.outputs["Renditions"])["Versions"]
        )


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    with running(directory=tmp_path, window=0) as cloud:
        for name, value in cloud.environment.items():
            monkeypatch.setenv(name, value)
        folder = tmp_path / "recipes"
        shutil.copytree(ROOT / "recipes", folder)
        site = Site(cloud, folder, connect(settings.read(cloud.environment)))
        site.recipes("apply", folder, "--yes")
        photo = write(scene(), "jpeg")
        for number in range(ORIGINALS):
            cloud.client("s3").put_object(
                Bucket=cloud.stack.outputs["Originals"], Key=f"{number}.jpg", Body=photo, ContentType="image/jpeg"
            )
        assert eventually(lambda: site.settled(1), within=60)
        yield site


def test_a_change_of_one_rendition_encodes_and_puts_that_rendition_and_nothing_else(site: Site) -> None:
    assert site.puts() == 4 * ORIGINALS
    site.write("width = 256, height = 256 }", "width = 256, height = 256 }\nsharpen = { sigma = 0.8, amount = 0.9 }")
    planned = site.recipes("plan", site.folder)
    assert planned["changes"] == ["default/thumb changed"]
    assert (planned["sources"], planned["images"], planned["puts"], planned["kept"]) == (6, 6, 6, 18)
    assert planned["dollars"] > 0

    applied = site.recipes("apply", site.folder, "--yes")
    assert (applied["state"], applied["sent"]) == ("done", ORIGINALS)
    assert eventually(lambda: site.settled(2), within=60)
    assert site.puts() == 5 * ORIGINALS

    again = site.recipes("apply", site.folder, "--yes")
    assert (again["sent"], again["skipped"]) == (0, ORIGINALS)

    site.recipes("rollback", "--yes")
    assert eventually(lambda: site.settled(3), within=60)
    assert site.puts() == 6 * ORIGINALS
    assert site.recipes("plan", ROOT / "recipes")["images"] == 0
