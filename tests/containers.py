"""The system of docker-compose.yml for tests: a project of its own, beside whatever else runs here."""

import json
import os
import re
import subprocess
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from aws.connect import Aws, connect
from cli.on_aws import environment
from jobs import settings
from jobs.source import Source, State
from local.embedded import a_free_port
from local.endpoint import Endpoint
from local.environment import ROOT
from local.stack import Stack, attach, create
from tests.embedded import a_name

WORKERS = 3

TIMEOUT = 60
"""Seconds of the worker's, instead of two minutes: a killed worker's lease outlives it, and is waited for. A worker
begins nothing in the last 45."""

VISIBILITY = 30
"""Seconds of the queue's, instead of twelve minutes."""


@dataclass(frozen=True)
class Composed:
    """A running project, and its stack as seen from this machine."""

    variables: dict[str, str]
    stack: Stack
    aws: Aws
    s3: Any
    console: str
    """Where a browser finds it, without the token."""
    token: str

    def run(self, *arguments: str) -> str:
        """A docker compose command; what it says."""
        return compose(self.variables, *arguments)

    def client(self, name: str) -> Any:
        return self.stack.endpoint.client(name)

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """A request to the API, from this machine; what it answers. Raises HTTPError."""
        known = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        sent = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(urllib.request.Request(self.console + path, sent, known, method=method)) as answer:
            return json.load(answer)

    def upload(self, name: str, body: bytes) -> Source:
        source = Source(self.stack.outputs["Originals"], name)
        self.s3.put_object(Bucket=source.bucket, Key=source.key, Body=body)
        return source

    def states(self, sources: Sequence[Source]) -> Counter[State]:
        return Counter(record.state for record in self.aws.ledger.read_many(sources).values())

    def letters(self, source: Source) -> list[str]:
        """The reasons of the letters about one source. They are hidden for a moment, and back."""
        found = {letter.id: letter for letter in self.aws.dead_letters.receive()}
        return [letter.reason for letter in found.values() if source.key in letter.body]

    def containers(self, service: str) -> list[str]:
        return [line["Name"] for line in self.processes() if line["Service"] == service]

    def processes(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.run("ps", "--all", "--format", "json").splitlines()]


@pytest.fixture(scope="session")
def composed() -> Iterator[Composed]:
    """Brought up once, taken down with everything it kept."""
    variables = {
        **os.environ,
        "COMPOSE_PROJECT_NAME": a_name(),
        "SAFELIGHT_PORT": str(a_free_port()),
        "SAFELIGHT_LAMBDA_PORT": str(a_free_port()),
        "SAFELIGHT_CONSOLE_PORT": str(a_free_port()),
        "WORKER_TIMEOUT": str(TIMEOUT),
    }
    began = time.monotonic()
    try:
        compose(variables, "up", "--detach", "--no-build", "--scale", f"worker={WORKERS}", "--wait")
        print(f"\nup, with {WORKERS} workers, in {time.monotonic() - began:.0f} s")
        yield _seen(variables)
    except BaseException:
        print(compose(variables, "logs", "--tail", "60"))
        raise
    finally:
        began = time.monotonic()
        compose(variables, "down", "--volumes")
        print(f"down in {time.monotonic() - began:.0f} s")


@pytest.fixture(scope="session")
def localstack_stack(composed: Composed) -> dict[str, str]:
    """The environment of a program that works on a second stack there; nothing polls its queue."""
    stack = create(composed.stack.endpoint, a_name())
    return {**stack.endpoint.variables, **stack.function("Worker").variables}


def compose(variables: dict[str, str], *arguments: str) -> str:
    """Raises AssertionError with everything that it said."""
    command = ["docker", "compose", "--file", str(ROOT / "docker-compose.yml"), *arguments]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
    return done.stdout


def _seen(variables: dict[str, str]) -> Composed:
    endpoint = Endpoint(f"http://127.0.0.1:{variables['SAFELIGHT_PORT']}")
    endpoint = Endpoint(endpoint.url, lambda_url=f"http://127.0.0.1:{variables['SAFELIGHT_LAMBDA_PORT']}")
    stack = attach(endpoint)
    told = re.search(r"(http://\S+)/#token=(\S+)", compose(variables, "logs", "--no-log-prefix", "mapping"))
    assert told, "no address of the console was printed"
    endpoint.client("sqs").set_queue_attributes(
        QueueUrl=stack.outputs["QueueUrl"], Attributes={"VisibilityTimeout": str(VISIBILITY)}
    )
    names = {**endpoint.variables, **stack.function("Worker").variables}
    with environment(names):
        return Composed(variables, stack, connect(settings.read(names)), endpoint.client("s3"), *told.groups())
