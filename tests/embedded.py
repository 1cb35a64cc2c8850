"""The embedded AWS for tests: one for each process that runs tests, started when first asked for."""

import json
import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local.embedded import PYTHON, embedded
from local.endpoint import Endpoint
from local.stack import Stack, create, remove
from local.template import load


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Where the embedded AWS is not set up, its tests are skipped; in CI they fail."""
    if item.get_closest_marker("embedded") and not PYTHON.exists() and "CI" not in os.environ:
        pytest.skip(f"{PYTHON} is missing: run `make setup`")


@pytest.fixture(scope="session")
def embedded_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    """An AWS on loopback, shared by all tests of this process: use names of your own."""
    with embedded(tmp_path_factory.mktemp("embedded-aws")) as endpoint:
        yield endpoint


@pytest.fixture(scope="session")
def deployed(embedded_aws: Endpoint) -> Iterator[Stack]:
    """The stack of template.yaml; nothing polls its queue."""
    stack = create(embedded_aws, a_name())
    yield stack
    remove(stack)


@pytest.fixture(scope="session")
def embedded_stack(deployed: Stack) -> dict[str, str]:
    """The environment of a program that works on that stack."""
    return {**deployed.endpoint.variables, **deployed.function("Worker").variables}


@pytest.fixture
def make_queue(embedded_aws: Endpoint) -> Iterator[Callable[..., str]]:
    """Makes queues by their attributes, and deletes them when the test is over."""
    sqs = embedded_aws.client("sqs")
    urls: list[str] = []

    def make(**attributes: str) -> str:
        urls.append(sqs.create_queue(QueueName=a_name(), Attributes=attributes)["QueueUrl"])
        return urls[-1]

    yield make
    for url in urls:
        sqs.delete_queue(QueueUrl=url)


def as_far_as_known(directory: Path) -> Path:
    """The template less CodeDeploy, which the embedded AWS does not have, and an alarm on more than one metric."""
    template = load()
    del template["Resources"]["Worker"]["Properties"]["DeploymentPreference"]
    del template["Resources"]["RejectedAlarm"], template["Resources"]["Dashboard"]
    path = directory / "template.json"
    path.write_text(json.dumps(template))
    return path


def a_name() -> str:
    """A name that no other test uses, fit for a stack, a bucket or a queue."""
    return f"test-{uuid.uuid4().hex[:12]}"
