"""How a sandbox and its children speak: frames on a stream socket, made before the child starts and kept for its life.

    4 bytes      length of the head, big-endian
    head         JSON: {"head": ..., "parts": [length, ...]}
    parts        one after the other, as they are

JSON, never pickle: what a child says is what the worst original made it say.
"""

import json
import socket
import struct
import time
from collections.abc import Sequence
from typing import Any

LENGTH = struct.Struct(">I")

#: More than any frame needs: 16 renditions, or one original and a recipe's assets.
MAX_PARTS = 64
MAX_HEAD_BYTES = 1024 * 1024
MAX_PART_BYTES = 512 * 1024 * 1024


class Garbled(Exception):
    """The other side says what it never would if it were well."""


class Channel:
    """One end. With a `deadline` (time.monotonic) both directions raise TimeoutError once it has passed.

    Raises EOFError or OSError when the other end is gone, Garbled for what is no frame.
    """

    def __init__(self, end: socket.socket) -> None:
        self.end = end
        self.deadline: float | None = None

    def send(self, head: Any, parts: Sequence[bytes] = ()) -> None:
        """One frame."""
        text = json.dumps({"head": head, "parts": [len(part) for part in parts]}).encode()
        for piece in (LENGTH.pack(len(text)) + text, *parts):
            self._be_patient()
            self.end.sendall(piece)

    def receive(self) -> tuple[Any, list[bytes]]:
        """The head and the parts of the next frame."""
        (length,) = LENGTH.unpack(self._exactly(LENGTH.size))
        if length > MAX_HEAD_BYTES:
            raise Garbled(f"a head of {length:,} bytes")
        try:
            frame = json.loads(self._exactly(length))
            head, sizes = frame["head"], [int(size) for size in frame["parts"]]
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise Garbled(f"no frame: {error}") from None
        if len(sizes) > MAX_PARTS or any(not 0 <= size <= MAX_PART_BYTES for size in sizes):
            raise Garbled(f"parts of {sizes[:MAX_PARTS]} bytes")
        return head, [self._exactly(size) for size in sizes]

    def close(self) -> None:
        """Leave: the other side reads the end of the stream."""
        self.end.close()

    def _exactly(self, size: int) -> bytes:
        """So many bytes. Without a deadline they mostly come in one piece, straight to where they stay."""
        pieces: list[bytes] = []
        while size:
            self._be_patient()
            piece = self.end.recv(size, socket.MSG_WAITALL)
            if not piece:
                raise EOFError
            pieces.append(piece)
            size -= len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _be_patient(self) -> None:
        """Wait until the deadline, no longer."""
        if self.deadline is None:
            return
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self.end.settimeout(left)
