"""The parent's hand on a contender: starts it, pins it to a core, asks it, reads how much memory it took."""

import json
import os
import re
import select
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, Self

from bench.imaging.contenders import Contender
from bench.imaging.places import ROOT

#: One thread a process, whatever a library makes of the number of cores; few malloc arenas, as all of them advise.
ENVIRONMENT = {
    "PYTHONPATH": str(ROOT),
    "VIPS_CONCURRENCY": "1",
    "OMP_NUM_THREADS": "1",
    "UV_THREADPOOL_SIZE": "1",
    "MALLOC_ARENA_MAX": "2",
}

#: How a process that ends by an error says so: Python in its last line, Node before it tells its own version.
ERROR = re.compile(r"[\w.]*(?:Error|Exception)\b")

#: Seconds until an answer. The longest takes a tenth of it, on one busy core.
PATIENCE = 120.0


class Unable(Exception):
    """The contender cannot take part, or not in this job; says why."""


class Hand:
    """One process of a contender, on one core for all its life. Raises Unable where it cannot be started."""

    def __init__(self, contender: Contender, core: int) -> None:
        self.name = contender.name
        self.versions: dict[str, str] = {}
        self.told = TemporaryFile("w+")  # noqa: SIM115 - lives as long as the process
        try:
            self.process = subprocess.Popen(
                contender.command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self.told,
                text=True,
                cwd=ROOT,
                env={**os.environ, **ENVIRONMENT},
                preexec_fn=lambda: os.sched_setaffinity(0, {core}),
            )
        except OSError as error:
            self.told.close()
            raise Unable(f"{contender.command[0]}: {error.strerror}") from None

    def ready(self) -> Self:
        """Wait until it has imported everything, and says what it is made of. Raises Unable; then it is ended."""
        try:
            self.versions = self.answer()["versions"]
        except Unable:
            self.close()
            raise
        self.forget_peak()
        return self

    def ask(self, do: str, **more: Any) -> dict[str, Any]:
        """Ask, and wait for the answer. Raises Unable."""
        self.send(do, **more)
        return self.answer()

    def send(self, do: str, **more: Any) -> None:
        """Ask only. Whether anyone is left to hear it, the answer tells."""
        assert self.process.stdin is not None
        with suppress(BrokenPipeError):
            self.process.stdin.write(json.dumps({"do": do, **more}) + "\n")
            self.process.stdin.flush()

    def answer(self) -> dict[str, Any]:
        """The next line. Raises Unable where the contender says so, is gone, or does not answer: then it is ended."""
        assert self.process.stdout is not None
        if not select.select([self.process.stdout], [], [], PATIENCE)[0]:
            self.process.kill()
            raise Unable(f"gave no answer within {PATIENCE:.0f} s")
        line = self.process.stdout.readline()
        if not line:
            raise Unable(self.last_words() or f"ended with status {self.process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        if "unable" in answer:
            raise Unable(answer["unable"])
        return answer

    def last_words(self) -> str:
        """What it said when it ended: its error, or else whatever came last."""
        self.told.seek(0)
        said = [line.strip() for line in self.told if line.strip()]
        errors = [line for line in said if ERROR.match(line)]
        return (errors or said or [""])[-1]

    @property
    def peak(self) -> float:
        """The most memory held since `forget_peak`, in 10^6 bytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        return int(found[1]) * 1024 / 1e6 if found else 0.0

    def forget_peak(self) -> None:
        """Let the peak start from what is held now: importing is not rendering. Not every kernel lets us."""
        try:
            Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")
        except OSError:
            return

    def close(self) -> None:
        """End it."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self.told):
            if pipe:
                with suppress(BrokenPipeError):
                    pipe.close()

    def __enter__(self) -> Self:
        return self.ready()

    def __exit__(self, *_: object) -> None:
        self.close()


def cores() -> list[int]:
    """The cores we may use."""
    return sorted(os.sched_getaffinity(0))


@contextmanager
def team(contender: Contender, on: Iterable[int]) -> Iterator[list[Hand]]:
    """One process of a contender on each core; they start side by side. Raises Unable."""
    hands: list[Hand] = []
    try:
        for core in on:
            hands.append(Hand(contender, core))  # noqa: PERF401 - those already started are closed if one fails
        for hand in hands:
            hand.ready()
        yield hands
    finally:
        for hand in hands:
            hand.close()
