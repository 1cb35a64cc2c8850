"""How a sandbox and its children speak: frames on a stream socket, made before the child starts and kept for its life.

    4 bytes      length of the head, big-endian
    head         JSON: {"head": ..., "parts": [length, ...], "held": true or false}
    parts        one after the other, as they are; held: not here, but in the memory that both ends share

JSON, never pickle: what a child says is what the worst original made it say.
"""

import fcntl
import json
import mmap
import os
import socket
import struct
import time
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

LENGTH = struct.Struct(">I")

#: More than any frame needs: 16 renditions, or one original and a recipe's assets.
MAX_PARTS = 64
MAX_HEAD_BYTES = 1024 * 1024
MAX_PART_BYTES = 512 * 1024 * 1024


#: Bytes of memory that two ends share: most originals, and every set of renditions but the largest.
SHARED = 16 * 1024 * 1024

#: Nobody may cut it short under the other's hands, or take the seals off.
SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL


class Garbled(Exception):
    """The other side says what it never would if it were well."""


def shared_memory() -> int:
    """A descriptor of it, for both ends to map."""
    memory = os.memfd_create("channel", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(memory, SHARED)
    fcntl.fcntl(memory, fcntl.F_ADD_SEALS, SEALS)
    return memory


class Channel:
    """One end. With a `deadline` (time.monotonic) both directions raise TimeoutError once it has passed.

    Raises EOFError or OSError when the other end is gone, Garbled for what is no frame.
    """

    def __init__(self, end: socket.socket, memory: int) -> None:
        self.end = end
        self.deadline: float | None = None
        self._memory = mmap.mmap(memory, SHARED)

    def send(self, head: Any, parts: Sequence[bytes] = (), *, hold: bool = False) -> None:
        """One frame. `hold` its parts, where they fit, in memory: nothing else may be sent until it is answered."""
        held = hold and sum(map(len, parts)) <= SHARED
        text = json.dumps({"head": head, "parts": [len(part) for part in parts], "held": held}).encode()
        if held:
            self._hold(parts)
        for piece in (LENGTH.pack(len(text)) + text, *(() if held else parts)):
            self._be_patient()
            self.end.sendall(piece)

    def receive(self) -> tuple[Any, list[bytes]]:
        """The head and the parts of the next frame."""
        (length,) = LENGTH.unpack(self._exactly(LENGTH.size))
        if length > MAX_HEAD_BYTES:
            raise Garbled(f"a head of {length:,} bytes")
        try:
            frame = json.loads(self._exactly(length))
            head, sizes, held = frame["head"], [int(size) for size in frame["parts"]], frame["held"] is True
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise Garbled(f"no frame: {error}") from None
        if len(sizes) > MAX_PARTS or any(not 0 <= size <= MAX_PART_BYTES for size in sizes):
            raise Garbled(f"parts of {sizes[:MAX_PARTS]} bytes")
        if held and sum(sizes) > SHARED:
            raise Garbled(f"{sum(sizes):,} bytes are held")
        return head, self._held(sizes) if held else [self._exactly(size) for size in sizes]

    def close(self) -> None:
        """Leave: the other side reads the end of the stream."""
        self.end.close()
        self._memory.close()

    def _hold(self, parts: Sequence[bytes]) -> None:
        """Put them where the other end sees them."""
        start = 0
        for part in parts:
            self._memory[start : start + len(part)] = part
            start += len(part)

    def _held(self, sizes: Sequence[int]) -> list[bytes]:
        """Copies: what the other end writes from now on changes nothing."""
        ends = list(accumulate(sizes))
        return [self._memory[end - size : end] for size, end in zip(sizes, ends, strict=True)]

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
