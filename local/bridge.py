"""Safelight beside its containers, for docker-compose.yml: two programs, run in one image.

    python -m local.bridge deploy    the stack from template.yaml, the recipes, each function's environment; then ends
    python -m local.bridge play      the event source mappings, the schedules, Lambda's own API; the console's address

boto3's variables say where AWS is, CONSOLE and SAFELIGHT_S3_URL where a browser on this machine finds the console and
S3; STACK is the folder in which `deploy` leaves the environments, NOTES the one in which `play` keeps what it asked of
which container, and the console's token.
"""

import logging
import os
import secrets
import shlex
import sys
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from aws.connect import connect
from jobs import book, catalog, settings
from local.cloud import Cloud, orderly_when_told_to_stop, played
from local.containers import ContainerEnvironment, Containers
from local.endpoint import Endpoint
from local.environment import Environment
from local.errors import LocalError, StackFailed
from local.gateway import serving
from local.stack import Function, Stack, attach, create

RECIPES = Path(__file__).parent.parent / "recipes"
FUNCTIONS = {
    "worker": "Worker",
    "sweep": "Sweep",
    "preview": "Preview",
    "announce": "Announce",
    "api": "ApiFunction",
}
"""Logical ids by the names of the services that run them."""

EVERY_INTERFACE = "0.0.0.0"  # noqa: S104 - a container's own network; the ports it publishes are compose's to say
LAMBDA_API = (EVERY_INTERFACE, 9001)
CONSOLE_PORT = 8080

log = logging.getLogger(__name__)


def main(verb: str) -> int:
    """Runs a program. Returns 1 and one line on stderr for what went wrong with the AWS it found."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    logging.getLogger("botocore").setLevel(logging.WARNING)
    try:
        {"deploy": deploy, "play": play}[verb](Endpoint(os.environ["AWS_ENDPOINT_URL"]))
    except LocalError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def deploy(endpoint: Endpoint) -> None:
    """Creates the stack where there is none, makes the recipes of this checkout the current ones."""
    stack = _stack(endpoint)
    functions = {service: _function(stack, logical) for service, logical in FUNCTIONS.items()}
    for service, function in functions.items():
        Path(os.environ["STACK"], f"{service}.env").write_text(sourced(environment(function)))
    aws = connect(settings.read(functions["worker"].variables))
    found = book.read(RECIPES)
    released = catalog.release(aws.catalog, found.recipes, found.routes)
    log.info("stack %s is there, %d recipes at revision %d", stack.name, len(found.recipes), released.revision)


def play(endpoint: Endpoint) -> None:
    """Plays the mappings and serves the console until it is told to stop."""
    stack, notes = attach(endpoint, parameters=_parameters()), Path(os.environ["NOTES"])
    origin, known = os.environ["CONSOLE"], token(notes)
    containers = {stack.function(logical).name: Containers(name, notes) for name, logical in FUNCTIONS.items()}

    def in_a_container(function: Function, endpoint: Endpoint, log: Path) -> Environment:  # noqa: ARG001 - compose has their logs
        return ContainerEnvironment(containers[function.name], function.timeout)

    with (
        orderly_when_told_to_stop(),
        played(
            stack,
            notes,
            worker=_function(stack, "Worker"),
            concurrency=stack.event_sources("Worker")[0].maximum_concurrency,
            environments=in_a_container,
            api_address=LAMBDA_API,
        ) as cloud,
        serving(cloud.gateway(origin, known, os.environ["SAFELIGHT_S3_URL"]), CONSOLE_PORT, EVERY_INTERFACE),
    ):
        log.info("%s/#token=%s", origin, known)
        _say(cloud)


def _say(cloud: Cloud) -> None:
    """Says now and then what has been done, for as long as it runs."""
    told = cloud.mapping.counts
    while not threading.Event().wait(5):
        if cloud.mapping.counts != told:
            told = cloud.mapping.counts
            log.info("%s", told)


def token(notes: Path) -> str:
    """What the console's visitors know. It is kept: an open page outlives the program that serves it."""
    kept = notes / "token"
    kept.touch(mode=0o600)
    known = kept.read_text() or secrets.token_urlsafe(24)
    kept.write_text(known)
    return known


def _stack(endpoint: Endpoint) -> Stack:
    try:
        return attach(endpoint, parameters=_parameters())
    except StackFailed:
        return create(endpoint, parameters=_parameters())


def _parameters() -> Mapping[str, str]:
    """The template's: the console's page posts to the bucket of originals, and shows what is in that of renditions."""
    return {"Origins": os.environ["CONSOLE"]}


def _function(stack: Stack, logical: str) -> Function:
    """What the template says, or for the worker's timeout whoever tries the faults and has no two minutes for each."""
    function = stack.function(logical)
    timeout = os.environ.get("WORKER_TIMEOUT") if logical == "Worker" else None
    return replace(function, timeout=int(timeout)) if timeout else function


def environment(function: Function) -> Mapping[str, str]:
    """What a function sees, and what its emulator must know of it."""
    return {
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
        "AWS_LAMBDA_FUNCTION_TIMEOUT": str(function.timeout),
        **function.variables,
    }


def sourced(variables: Mapping[str, str]) -> str:
    """For a shell that reads it; what is set there already stays."""
    return "".join(f": ${{{name}={shlex.quote(value)}}}\n" for name, value in variables.items())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
