"""The size of the Lambda image, and how long it takes from nothing to a function's first answer.

`make image`. A new container each time, as closed as compose runs it, behind the emulator. The event is S3's test
event, which asks nothing: what is timed is the start alone. The fastest run counts, the machine's other work only adds.
"""

import json
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urljoin

from local.containers import PATH, PORT

RUNS = 5

CLOSED = ("--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--ipc", "none")
PUBLISHED = ("--publish", f"127.0.0.1::{PORT}")

SETTINGS = {
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "nobody",
    "AWS_SECRET_ACCESS_KEY": "nothing",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "3538",
    "SAFELIGHT_ORIGINALS": "originals",
    "SAFELIGHT_RENDITIONS": "renditions",
    "SAFELIGHT_TABLE": "ledger",
    "SAFELIGHT_QUEUE_URL": "http://localhost/queue",
    "SAFELIGHT_DEAD_LETTERS_URL": "http://localhost/dead-letters",
    "SAFELIGHT_MAX_RECEIVES": "6",
}
"""Of an AWS that is never called."""

TEST_EVENT = {
    "Records": [
        {
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:queue",
            "messageId": "one",
            "receiptHandle": "one",
            "body": json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "originals"}),
            "attributes": {"ApproximateReceiveCount": "1"},
        }
    ]
}

INITIALISED = re.compile(r"INIT REPORT\(durationMs: ([\d.]+)\)")


def main() -> None:
    """Prints three lines."""
    starts = [_start() for _ in range(RUNS)]
    size = int(_docker("image", "inspect", "--format", "{{.Size}}", "safelight:latest"))
    print(f"image            {size / 1e6:.0f} MB   safelight:latest")
    print(f"initialisation   {min(init for init, _ in starts):.2f} s   fastest of {RUNS}, under the emulator")
    print(f"first answer     {min(first for _, first in starts):.2f} s   from the first call to a container")


def _start() -> tuple[float, float]:
    """Seconds of the initialisation as the emulator tells it, and of the first call as the caller sees it."""
    with _container() as name:
        url = f"http://{_docker('port', name, str(PORT))}{PATH}"
        until_it_listens(url)
        began = time.monotonic()
        with urllib.request.urlopen(url, json.dumps(TEST_EVENT).encode()) as response:
            answer = json.load(response)
        first = time.monotonic() - began
        if answer != {"batchItemFailures": []}:
            sys.exit(f"the image does not work: {answer}")
        told = INITIALISED.search(_docker("logs", name))
        return (float(told[1]) / 1000 if told else first), first


@contextmanager
def _container() -> Iterator[str]:
    settings = [word for name, value in SETTINGS.items() for word in ("--env", f"{name}={value}")]
    name = _docker("run", "--detach", *CLOSED, *PUBLISHED, *settings, "safelight:local", "handlers.worker.handler")
    try:
        yield name
    finally:
        _docker("rm", "--force", name)


def until_it_listens(url: str, within: float = 20.0) -> None:
    """Waits for the emulator, which is asked nothing. Raises OSError when it never listens."""
    deadline = time.monotonic() + within
    while True:
        try:
            urllib.request.urlopen(urljoin(url, "/"), timeout=1)
        except urllib.error.HTTPError:
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def _docker(*arguments: str) -> str:
    done = subprocess.run(
        ["docker", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True
    )
    return done.stdout.strip()


if __name__ == "__main__":
    main()
