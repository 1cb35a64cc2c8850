"""Rules and fixtures of the whole suite."""

import os
from functools import cache

import pytest
from botocore import session
from hypothesis import settings

pytest_plugins = ["tests.embedded", "tests.containers", "tests.faults.summary"]

# Hundreds of tests make clients of their own: each would read the descriptions of its services from the disk anew.
session.create_loader = cache(session.create_loader)

# In CI every property is tried on the same examples each time; new ones are searched for everywhere else.
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")


@pytest.fixture
def nobodys_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    """For moto and stubs: credentials that open nothing, a region, and no way to an AWS that runs."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "moto")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)


def pytest_xdist_auto_num_workers() -> int:
    """More than there are processors: for half of their time the tests wait, for queues, leases and processes."""
    processors = os.cpu_count() or 1
    return processors + min(processors, 4)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI a skipped test is a failure: what a machine lacks, CI installs."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []
    if os.environ.get("CI") and skipped and session.exitstatus == pytest.ExitCode.OK:
        reporter.write_line(f"{len(skipped)} skipped, and CI may skip nothing", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
