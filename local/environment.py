"""One Lambda environment: a process of its own that imports the handler once and answers one event at a time.

    parent                                   child: python -m local.runtime HANDLER DESCRIPTOR
      | --------------- start ---------------> |  imports the handler
      | <-------------- ready ---------------- |
      | ------ request id, deadline, event --> |  handler(event, context)
      | <------------- answer or error ------- |  stays warm for the next event
      | --- SIGKILL to the group: time-out --> x  the next event finds a new process

What a handler raises is an answer like any other and leaves the process warm. A process that ends, or is ended at the
timeout, takes its batch with it, as in Lambda.
"""

import json
import os
import sys
import threading
import time
import uuid
from collections.abc import Mapping
from multiprocessing import Pipe
from pathlib import Path
from typing import Any, Protocol

from local.lifeline import Child
from local.stack import Function

ROOT = Path(__file__).parent.parent
"""Where handlers are imported from."""

INITIALISATION = 60.0
"""Seconds for the imports. Lambda gives 10 and then tries once more; a laptop may be busy with everything else."""

GLANCE = 0.25
"""Seconds between two looks at whether the process is still there: its children may keep the line open."""

INHERITED = ("PATH", "LD_LIBRARY_PATH", "LANG", "TMPDIR")
"""All that a function sees of the user's own environment."""


LOOK_AGAIN = 0.02
"""Seconds until an environment that was not ready is asked again."""

PATIENCE = 29.0
"""Seconds for which an environment that is not ready is waited for: API Gateway waits no longer for an answer."""


class InvocationFailed(Exception):
    """The invocation gave no answer: the whole batch has failed."""


class Raised(InvocationFailed):
    """The handler raised, could not be imported, or answered with what is not JSON."""


class TimedOut(InvocationFailed):
    """The function's timeout passed; its process is gone."""


class Crashed(InvocationFailed):
    """The process ended in the middle of its work."""


class Environment(Protocol):
    """Where a handler runs, one event at a time."""

    def ready(self) -> bool:
        """Whether it can take an event. For one that cannot, no message is received."""

    def rest(self) -> None:
        """Nothing is asked of it before it was found ready again."""

    def invoke(self, event: Mapping[str, Any]) -> Any:
        """The handler's answer. Raises InvocationFailed."""

    def close(self) -> None:
        """Ends it, in mid-work if need be; may be called from another thread."""


def in_turn(environment: Environment, event: Mapping[str, Any], within: float = PATIENCE) -> Any:
    """The handler's answer, asked for once the environment is ready; then it rests. Raises InvocationFailed."""
    deadline = time.monotonic() + within
    while not environment.ready():
        if time.monotonic() >= deadline:
            raise Crashed(f"no environment was ready within {within:g} s")
        time.sleep(LOOK_AGAIN)
    try:
        return environment.invoke(event)
    finally:
        environment.rest()


class ProcessEnvironment:
    """A child process: made for the first event, kept warm, replaced when it is gone."""

    def __init__(self, function: Function, variables: Mapping[str, str], log: Path) -> None:
        """`variables` come beside the function's own: those by which boto3 finds AWS."""
        self._function = function
        self._variables = {**_lambda_variables(function), **variables, **function.variables}
        self._log = log
        self._process: _Process | None = None
        self._closed = False
        self._lock = threading.Lock()

    def ready(self) -> bool:
        return True

    def rest(self) -> None:
        """A process keeps: it is nobody else's."""

    def invoke(self, event: Mapping[str, Any]) -> Any:
        return self._warm().invoke(event)

    @property
    def pid(self) -> int | None:
        """The process, and its group, while there is one."""
        process = self._process
        return process.pid if process and not process.ended() else None

    def close(self) -> None:
        with self._lock:
            self._closed = True
            if self._process:
                self._process.kill()

    def _warm(self) -> "_Process":
        with self._lock:
            if self._closed:
                raise Crashed("the environment was closed")
            if self._process is None or self._process.ended():
                self._process = _Process(self._function, self._variables, self._log)
            return self._process


class _Process(Child):
    """One child process and the line to it. It lives until it ends, is late, or is killed."""

    def __init__(self, function: Function, variables: Mapping[str, str], log: Path) -> None:
        self._function = function
        self._ready = False
        self._line, theirs = Pipe()
        with theirs:
            super().__init__(
                [sys.executable, "-u", "-m", "local.runtime", function.handler, str(theirs.fileno())],
                environment=variables,
                directory=ROOT,
                log=log,
                keep=[theirs.fileno()],
            )

    def invoke(self, event: Mapping[str, Any]) -> Any:
        """The handler's answer. Raises InvocationFailed; of these, only what the handler raised leaves it alive."""
        if not self._ready:
            self._initialise()
        request = str(uuid.uuid4())
        deadline = time.time_ns() // 1_000_000 + self._function.timeout * 1000
        self._send({"request": request, "deadline": deadline, "arn": self._function.arn, "event": event})
        return self._receive(self._function.timeout, request)

    def _initialise(self) -> None:
        try:
            self._receive(INITIALISATION, "the handler's import")
        except Raised:
            self.kill()
            raise
        self._ready = True

    def _send(self, asked: Mapping[str, Any]) -> None:
        try:
            self._line.send_bytes(json.dumps(asked).encode())
        except OSError:
            raise self._crash() from None

    def _receive(self, timeout: float, what: str) -> Any:
        self._wait(timeout, what)
        try:
            answer = json.loads(self._line.recv_bytes())
        except (EOFError, OSError):
            raise self._crash() from None
        if "errorType" in answer:
            raise Raised(f"{answer['errorType']}: {answer['errorMessage']}")
        return answer["answer"]

    def _wait(self, timeout: float, what: str) -> None:
        deadline = time.monotonic() + timeout
        while not self._line.poll(min(GLANCE, max(0.0, deadline - time.monotonic()))):
            if self.ended():
                raise self._crash()
            if time.monotonic() >= deadline:
                self.kill()
                raise TimedOut(f"{what}: Task timed out after {timeout:.2f} seconds")

    def _crash(self) -> Crashed:
        return Crashed(f"Runtime exited with status {self.kill()}")


def _lambda_variables(function: Function) -> dict[str, str]:
    """What Lambda itself puts into a function's environment."""
    return {
        **{name: os.environ[name] for name in INHERITED if name in os.environ},
        "TZ": ":UTC",
        "LAMBDA_TASK_ROOT": str(ROOT),
        "_HANDLER": function.handler,
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": f"[$LATEST]{uuid.uuid4().hex}",
    }
