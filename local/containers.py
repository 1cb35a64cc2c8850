"""Lambda environments that are containers: each behind its runtime interface emulator, found by its service's name.

    slot      ready? ── takes a container that nobody has ─▶ receive, invoke ─▶ rest: gives it back, waits a little
    emulator  200 answer │ 200 {"errorType": ...} │ 200 "Task timed out after ..." │ 502 the process has ended

The emulator crashes when it is asked while it works. So a container is given to one slot at a time, of whatever lane,
and what is asked of it is noted in a file: a mapping that was killed and comes back leaves alone what may still be at
work for the one before.
"""

import json
import socket
import threading
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from local.environment import INITIALISATION, Crashed, InvocationFailed, Raised, TimedOut

PORT = 8080
PATH = "/2015-03-31/functions/function/invocations"
"""Of the emulator, whatever the function is called."""

LOOK_AGAIN = 1.0
"""Seconds for which a look at the names is good."""

MARGIN = 5.0
"""Seconds after its timeout by which the emulator has ended a function."""

GONE = 3.0
"""Seconds for which one that hung up is left alone: it may be on its way back, or still have its name."""

TIMED_OUT = "Task timed out after"


def addresses(service: str) -> frozenset[str]:
    """Of the running containers of a service; none while nobody knows the name."""
    try:
        found = socket.getaddrinfo(service, PORT, socket.AF_INET, socket.SOCK_STREAM)
    except socket.gaierror:
        return frozenset()
    return frozenset(str(address[0]) for *_, address in found)


class Containers:
    """The containers of one service; those that come and go while it runs are noticed. Any thread may ask."""

    def __init__(
        self,
        service: str,
        notes: Path,
        *,
        look_up: Callable[[str], Collection[str]] = addresses,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`notes`: a folder that outlives this process."""
        self._service, self._notes = service, notes
        self._look_up, self._clock = look_up, clock
        self._known: frozenset[str] = frozenset()
        self._looked = 0.0
        self._taken: set[str] = set()
        self._lock = threading.Lock()

    def take(self) -> str | None:
        """A container for whoever asks, and for nobody else until it is given back."""
        with self._lock:
            free = (address for address in sorted(self._there() - self._taken) if not self._at_work(address))
            address = next(free, None)
            if address:
                self._taken.add(address)
            return address

    def give_back(self, address: str) -> None:
        with self._lock:
            self._taken.discard(address)

    def note(self, address: str, seconds: float) -> None:
        """It has work for so long at most, or is left alone for another reason."""
        self._note(address).write_text(str(self._clock() + seconds))

    def forget(self, address: str) -> None:
        """It has answered."""
        self._note(address).unlink(missing_ok=True)

    def _there(self) -> frozenset[str]:
        if self._clock() - self._looked >= LOOK_AGAIN:
            self._known, self._looked = frozenset(self._look_up(self._service)), self._clock()
        return self._known

    def _at_work(self, address: str) -> bool:
        """As far as anyone knows."""
        try:
            return float(self._note(address).read_text()) > self._clock()
        except (FileNotFoundError, ValueError):  # none, or its writer was killed before the first call
            return False

    def _note(self, address: str) -> Path:
        return self._notes / f"{self._service}-{address}"


class ContainerEnvironment:
    """For each turn a container that is free. After a turn others come first: lanes share the containers."""

    def __init__(self, containers: Containers, timeout: float, port: int = PORT) -> None:
        """`timeout`: of the function, in seconds."""
        self._containers, self._port = containers, port
        self._timeout = timeout
        self._address: str | None = None
        self._line: HTTPConnection | None = None
        self._closed = False
        self._others_first = False

    def ready(self) -> bool:
        if self._others_first:
            self._others_first = False
            return False
        self._address = self._address or self._containers.take()
        return self._address is not None

    def rest(self) -> None:
        if self._address:
            self._containers.give_back(self._address)
            self._address, self._others_first = None, True

    def invoke(self, event: Mapping[str, Any]) -> Any:
        self._address = self._address or self._containers.take()
        if self._address is None:
            raise Crashed("no container is free")
        self._containers.note(self._address, self._timeout + MARGIN)
        try:
            status, body = self._asked(self._address, json.dumps(event).encode())
        except (OSError, HTTPException) as error:
            if not self._closed:
                self._containers.note(self._address, GONE)
                self.rest()
            raise Crashed(f"the container is gone: {error}") from error
        self._containers.forget(self._address)
        return answer(status, body)

    def close(self) -> None:
        """Hangs up. The container ends its work by itself, and its note stays until then."""
        self._closed = True
        if self._line and self._line.sock:
            with suppress(OSError):
                self._line.sock.shutdown(socket.SHUT_RDWR)

    def _asked(self, address: str, body: bytes) -> tuple[int, bytes]:
        self._line = HTTPConnection(address, self._port, timeout=self._timeout + INITIALISATION)
        try:
            self._line.request("POST", PATH, body)
            response = self._line.getresponse()
            return response.status, response.read()
        finally:
            self._line.close()


def answer(status: int, body: bytes) -> Any:
    """The handler's answer out of the emulator's. Raises InvocationFailed."""
    text = body.decode("utf-8", "replace")
    if text.startswith(TIMED_OUT):
        raise TimedOut(text)
    try:
        said = json.loads(text or "null")
    except ValueError:
        raise InvocationFailed(f"the emulator said {status}: {text[:200]}") from None
    match said:
        case {"errorType": error, "errorMessage": message}:
            raise (Crashed if status >= 500 else Raised)(f"{error}: {message}")
        case _:
            return said
