"""The embedded AWS: MiniStack, a process of its own on loopback, gone at the end whatever happens."""

import errno
import os
import random
import socket
import ssl
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from local.endpoint import Credentials, Endpoint
from local.errors import DidNotStart, NotSetUp, PortTaken
from local.lifeline import FOLLOW, Child

LOOPBACK = "127.0.0.1"
PYTHON = Path(__file__).parent.parent / ".venv-embedded" / "bin" / "python"
"""MiniStack pins botocore, hence an environment of its own."""

PORTS = range(20_000, 32_000)
"""Below what Linux hands out to outgoing connections, so that a free port stays free until it is bound."""


@contextmanager
def embedded(
    directory: Path,
    *,
    port: int | None = None,
    python: Path = PYTHON,
    settings: Mapping[str, str] | None = None,
    within: float = 30.0,
) -> Iterator[Endpoint]:
    """Runs an AWS that keeps everything in memory and writes only under `directory`; `within` is in seconds.

    `settings` are MiniStack's own: AUTH=true holds every call to IAM's policies, MINISTACK_SSL_CERT and _KEY with
    USE_SSL=true make it speak TLS. Raises NotSetUp, PortTaken or DidNotStart.
    """
    if not python.exists():
        raise NotSetUp(f"the embedded AWS is not set up ({python} is missing): run `make setup`")
    port = a_free_port() if port is None else free(port)
    environment = {**_environment(port, directory), **(settings or {})}
    endpoint = _endpoint(environment)
    log = directory / "embedded-aws.log"
    child = Child([python, "-P", FOLLOW, "ministack"], environment=environment, directory=directory, log=log)
    try:
        _wait_until_healthy(child, endpoint, log, within)
        yield endpoint
    finally:
        child.kill()


def _endpoint(environment: Mapping[str, str]) -> Endpoint:
    address = f"{LOOPBACK}:{environment['GATEWAY_PORT']}"
    if "USE_SSL" in environment:
        return Endpoint(f"https://{address}", certificate=Path(environment["MINISTACK_SSL_CERT"]))
    return Endpoint(f"http://{address}")


def _environment(port: int, directory: Path) -> dict[str, str]:
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "GATEWAY_PORT": str(port),
        "BIND_HOST": LOOPBACK,
        # In the addresses that it hands out, such as queue URLs.
        "MINISTACK_HOST": LOOPBACK,
        # Whose presigned addresses it takes.
        "AWS_ACCESS_KEY_ID": Credentials().key_id,
        "AWS_SECRET_ACCESS_KEY": Credentials().secret,
        "HOME": str(directory),
        "TMPDIR": str(directory),
        "STATE_DIR": str(directory / "state"),
        "S3_DATA_DIR": str(directory / "s3"),
        "LOG_LEVEL": "WARNING",
        # Else it looks for a container engine of the user's.
        "DOCKER_HOST": f"unix://{directory}/no-engine.sock",
    }


def free(port: int) -> int:
    """The port, if nobody listens on it. Raises PortTaken."""
    if not _bindable(port):
        raise PortTaken(f"port {port} on {LOOPBACK} is taken: stop what listens there, or name another port")
    return port


def a_free_port() -> int:
    """A port that nobody listens on, and that will not be given to an outgoing connection."""
    return next(port for port in random.sample(PORTS, len(PORTS)) if _bindable(port))


def _bindable(port: int) -> bool:
    with socket.socket() as attempt:
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind((LOOPBACK, port))
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                return False
            raise
    return True


def _wait_until_healthy(child: Child, endpoint: Endpoint, log: Path, within: float) -> None:
    deadline = time.monotonic() + within
    while not _healthy(endpoint):
        if child.ended():
            raise DidNotStart(f"the embedded AWS ended at once: {_last_line(log)}")
        if time.monotonic() > deadline:
            raise DidNotStart(f"the embedded AWS did not answer within {within:g} s: {_last_line(log)}")
        time.sleep(0.02)


def _healthy(endpoint: Endpoint) -> bool:
    trust = ssl.create_default_context(cafile=endpoint.certificate) if endpoint.certificate else None
    try:
        with urllib.request.urlopen(f"{endpoint.url}/_ministack/health", timeout=2, context=trust) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except OSError:
        return False


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").split("\n") if log.exists() else []
    return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")
