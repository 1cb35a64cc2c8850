"""Inside a Lambda environment: import the handler once, answer one event at a time, die with the parent.

`python -m local.runtime HANDLER DESCRIPTOR`; see local.environment for the other end of the line.
"""

import importlib
import json
import os
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from local import lifeline


@dataclass(frozen=True)
class Context:
    """What Lambda hands to a handler beside the event."""

    function_name: str
    memory_limit_in_mb: str
    invoked_function_arn: str
    log_group_name: str
    log_stream_name: str
    aws_request_id: str
    deadline: int
    """Milliseconds since the epoch."""
    function_version: str = "$LATEST"
    client_context: None = None
    identity: None = None

    def get_remaining_time_in_millis(self) -> int:
        return max(0, self.deadline - time.time_ns() // 1_000_000)


Handler = Callable[[Any, Context], Any]


def main(name: str, descriptor: int) -> None:
    """Imports, says so, and answers until the line ends."""
    lifeline.follow()
    line = Connection(descriptor)
    try:
        handler = _imported(name)
    except Exception as error:
        line.send_bytes(_error(error))
        raise
    line.send_bytes(_success(None))
    while True:
        try:
            asked = json.loads(line.recv_bytes())
        except EOFError:
            return
        line.send_bytes(_answer(handler, asked))


def _imported(name: str) -> Handler:
    module, _, function = name.rpartition(".")
    handler: Handler = getattr(importlib.import_module(module), function)
    return handler


def _answer(handler: Handler, asked: Mapping[str, Any]) -> bytes:
    try:
        return _success(handler(asked["event"], _context(asked)))
    except Exception as error:
        traceback.print_exc()
        return _error(error)


def _context(asked: Mapping[str, Any]) -> Context:
    return Context(
        function_name=os.environ["AWS_LAMBDA_FUNCTION_NAME"],
        memory_limit_in_mb=os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"],
        invoked_function_arn=asked["arn"],
        log_group_name=os.environ["AWS_LAMBDA_LOG_GROUP_NAME"],
        log_stream_name=os.environ["AWS_LAMBDA_LOG_STREAM_NAME"],
        aws_request_id=asked["request"],
        deadline=asked["deadline"],
    )


def _success(answer: Any) -> bytes:
    return json.dumps({"answer": answer}).encode()


def _error(error: Exception) -> bytes:
    return json.dumps({"errorType": type(error).__name__, "errorMessage": str(error)}).encode()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
