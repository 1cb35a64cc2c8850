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

    def invoke(self, event: Mapping[str, Any]) -> Any:
        """The handler's answer. Raises InvocationFailed."""

    def close(self) -> None:
        """Ends it, in mid-work if need be; may be called from another thread."""


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

    def invoke(self, event: Mapping[str, Any]) -> Any:
        process = self._warm()
        try:
            process.initialise()
            return process.invoke(event, self._function)
        except Raised:
            if not process.ready:
                self._discard()
            raise
        except InvocationFailed:
            self._discard()
            raise

    def close(self) -> None:
        with self._lock:
            self._closed = True
        self._discard()

    def _warm(self) -> "_Process":
        with self._lock:
            if self._closed:
                raise Crashed("the environment was closed")
            if self._process is None:
                self._process = _Process(self._function.handler, self._variables, self._log)
            return self._process

    def _discard(self) -> None:
        with self._lock:
            process, self._process = self._process, None
        if process:
            process.kill()


class _Process:
    """One child process and the line to it."""

    def __init__(self, handler: str, variables: Mapping[str, str], log: Path) -> None:
        self.ready = False
        self._line, theirs = Pipe()
        with theirs:
            self._child = Child(
                [sys.executable, "-u", "-m", "local.runtime", handler, str(theirs.fileno())],
                environment=variables,
                directory=ROOT,
                log=log,
                keep=[theirs.fileno()],
            )

    def initialise(self) -> None:
        if not self.ready:
            self._receive(INITIALISATION, "the handler's import")
            self.ready = True

    def invoke(self, event: Mapping[str, Any], function: Function) -> Any:
        request = str(uuid.uuid4())
        deadline = time.time_ns() // 1_000_000 + function.timeout * 1000
        self._send({"request": request, "deadline": deadline, "arn": function.arn, "event": event})
        return self._receive(function.timeout, request)

    def kill(self) -> int:
        return self._child.kill()

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
        while not self._line.poll(GLANCE if (left := deadline - time.monotonic()) > GLANCE else max(left, 0)):
            if self._child.ended():
                raise self._crash()
            if left <= 0:
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
