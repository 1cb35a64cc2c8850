"""A Chromium, and the whole of Safelight on this machine for it to look at."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).parent.parent.parent
CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without a Chromium there is nothing to look with; in CI that is a failure."""
    missing = pytest.mark.skip(reason=f"{CHROMIUM} is missing (Debian: apt-get install chromium)")
    for item in items:
        if item.get_closest_marker("browser") and not Path(CHROMIUM).exists():
            item.add_marker(missing)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address that `safelight up` prints, its token in it."""
    errors = tmp_path_factory.mktemp("up") / "errors"
    with errors.open("wb") as sink:
        up = subprocess.Popen(
            [sys.executable, "-m", "cli.main", "up"], cwd=ROOT, stdout=subprocess.PIPE, stderr=sink, text=True,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
        )  # fmt: skip
    try:
        line = up.stdout.readline().strip() if up.stdout else ""
        assert line.startswith("http://"), errors.read_text()
        yield line
    finally:
        up.send_signal(signal.SIGTERM)  # a Ctrl-C is not heard by who was started in the background
        up.communicate(timeout=30)
