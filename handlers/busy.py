"""How many vCPUs a function has: what its threads get when every one of them wants a whole one.

    {"busy": 3}                                             so many threads
    {"threads": 3, "wall": 1000.2, "cpu": 1996.1}           milliseconds that passed, and that the threads ran, together

Nothing says it but a clock: the kernel of Lambda shows 2 CPUs up to 3,008 MB, whatever was bought.
"""

import hashlib
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

SECONDS = 1.0
"""Ten and more of the periods in which a kernel hands out shares of a CPU."""

BLOCK = bytes(2**18)
"""Hashed without the interpreter's lock, some tenths of a millisecond at a time."""


def answer(event: Mapping[str, Any], seconds: float = SECONDS) -> dict[str, Any]:
    """Works on as many threads as the event says, for so long."""
    threads = int(event["busy"])
    began, ran = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(_work, [began + seconds] * threads))
    wall, cpu = time.perf_counter() - began, time.process_time() - ran
    return {"threads": threads, "wall": round(1000 * wall, 1), "cpu": round(1000 * cpu, 1)}


def _work(until: float) -> None:
    while time.perf_counter() < until:
        hashlib.sha256(BLOCK)
