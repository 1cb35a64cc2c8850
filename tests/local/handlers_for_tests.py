"""Handlers that do as they are told: by the bodies of their messages, or by the event itself."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

invocations = 0


def mirror(event: Any, context: Any) -> dict[str, Any]:
    """What a handler can see of its world."""
    global invocations
    invocations += 1
    return {
        "event": event,
        "pid": os.getpid(),
        "invocations": invocations,
        "environment": dict(os.environ),
        "context": vars(context),
        "remaining": context.get_remaining_time_in_millis(),
    }


def obey(event: Any, context: Any) -> Any:
    """Each message's body is an order; the ids of those that say "fail" are the answer."""
    orders = {record["messageId"]: record["body"] for record in event["Records"]}
    for order in orders.values():
        _carry_out(order)
    if "unknown" in orders.values():
        return {"batchItemFailures": [{"itemIdentifier": "not in this batch"}]}
    return {"batchItemFailures": [{"itemIdentifier": id} for id, order in orders.items() if order == "fail"]}


def _carry_out(order: str) -> None:
    match order.split():
        case ["raise"]:
            raise ValueError("as ordered")
        case ["exit"]:
            os._exit(7)
        case ["kill"]:
            os.kill(os.getpid(), signal.SIGKILL)
        case ["hang"]:
            time.sleep(600)
        case ["wait", seconds]:
            time.sleep(float(seconds))


def not_json(event: Any, context: Any) -> Any:
    return object()


def with_a_child(event: Any, context: Any) -> Any:
    """Starts a process that outlives the invocation, tells both ids in a file, and then hangs."""
    child = subprocess.Popen(["sleep", "600"])
    Path(event["file"]).write_text(f"{os.getpid()} {child.pid}")
    time.sleep(600)


def with_a_forked_child(event: Any, context: Any) -> Any:
    """Forks, tells the child's id in a file, and ends."""
    child = os.fork()
    if child == 0:
        time.sleep(600)
    Path(event["file"]).write_text(str(child))
    os._exit(1)


def keep(event: Any, context: Any) -> None:
    """Writes each event to a file of its own."""
    path = Path(os.environ["KEEP"]) / context.aws_request_id
    path.with_suffix(".part").write_text(json.dumps(event))
    path.with_suffix(".part").rename(path)
