"""A road to an AWS that can be closed."""

import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

LOOPBACK = "127.0.0.1"
UNAVAILABLE = b"HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
AT_ONCE = 65536


class Road:
    """Carries bytes to an AWS. While closed it cuts who is on the way, and answers 503 to who comes."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._far_end = (parts.hostname, parts.port)
        self._listening = socket.create_server((LOOPBACK, 0), backlog=128)
        self._lock = threading.Lock()
        self._closed = False
        self._travelling: set[socket.socket] = set()
        self.refused = 0

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self._listening.getsockname()[1]}"

    def close(self) -> None:
        with self._lock:
            self._closed = True
            for end in self._travelling:
                _hang_up(end)

    def open(self) -> None:
        with self._lock:
            self._closed = False

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        _hang_up(self._listening)
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):  # until the listening end is hung up
            while True:
                near, _ = self._listening.accept()
                threading.Thread(target=self._travel, args=(near,), daemon=True).start()

    def _travel(self, near: socket.socket) -> None:
        with near, suppress(OSError):
            if self._closed:
                self._refuse(near)
                return
            with socket.create_connection(self._far_end) as far:
                self._carry(near, far)

    def _refuse(self, near: socket.socket) -> None:
        with self._lock:
            self.refused += 1
        near.recv(AT_ONCE)
        near.sendall(UNAVAILABLE)
        near.shutdown(socket.SHUT_WR)
        while near.recv(AT_ONCE):  # a connection closed on unread bytes is reset, and the answer lost with it
            pass

    def _carry(self, near: socket.socket, far: socket.socket) -> None:
        ends = {near, far}
        with self._lock:
            self._travelling |= ends
        back = threading.Thread(target=_copy, args=(far, near), daemon=True)
        back.start()
        _copy(near, far)
        back.join()
        with self._lock:
            self._travelling -= ends


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while some := source.recv(AT_ONCE):
            target.sendall(some)
    _hang_up(source)
    _hang_up(target)


def _hang_up(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
