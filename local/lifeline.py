"""Children that never outlive their parent.

    parent   holds the writing end of a pipe and never writes
    child    a thread reads the other end; when the parent is gone, however it went, the kernel ends the pipe,
             and the child kills its whole process group, itself included

As a script, this does the same for a module of any Python environment: `python -P local/lifeline.py MODULE`. Hence
nothing but the standard library is imported here.
"""

import contextlib
import os
import runpy
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

DESCRIPTOR = "SAFELIGHT_LIFELINE"
"""The environment variable that tells a child which descriptor to read."""

FOLLOW = Path(__file__)

_held: set[int] = set()
"""The writing ends that this process holds."""


def _let_go() -> None:
    """In a fork of the parent, which would otherwise keep the children alive after it."""
    for descriptor in _held:
        os.close(descriptor)
    _held.clear()


os.register_at_fork(after_in_child=_let_go)


class Child:
    """A process with a group of its own, tied to this process; its output is appended to a log file."""

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        environment: Mapping[str, str],
        directory: Path,
        log: Path,
        keep: Sequence[int] = (),
    ) -> None:
        """`keep`: further descriptors that the child inherits."""
        self._lock = threading.Lock()
        self._killed = False
        reading, self._lifeline = os.pipe()
        _held.add(self._lifeline)
        try:
            with log.open("ab") as output:
                self._process = subprocess.Popen(
                    command,
                    env={**environment, DESCRIPTOR: str(reading)},
                    cwd=directory,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    pass_fds=(reading, *keep),
                    start_new_session=True,  # Ctrl-C is for the parent, which then stops its children in order
                )
        except BaseException:
            self._release()
            raise
        finally:
            os.close(reading)

    @property
    def pid(self) -> int:
        """The process's id, and its group's."""
        return self._process.pid

    def ended(self) -> bool:
        return self._process.poll() is not None

    def kill(self) -> int:
        """Ends the child and everything it started; returns how the child ended, negative for a signal."""
        with self._lock:
            if not self._killed:
                self._killed = True
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self.pid, signal.SIGKILL)
                self._release()
            return self._process.wait()

    def _release(self) -> None:
        _held.discard(self._lifeline)
        os.close(self._lifeline)


def follow() -> None:
    """In the child: from now on, die with the parent."""
    descriptor = int(os.environ.pop(DESCRIPTOR))
    os.set_inheritable(descriptor, False)
    threading.Thread(target=_wait_for_the_end, args=(descriptor,), name="lifeline", daemon=True).start()


def _wait_for_the_end(descriptor: int) -> None:
    os.read(descriptor, 1)
    os.killpg(os.getpgrp(), signal.SIGKILL)


if __name__ == "__main__":
    follow()
    module = sys.argv[1]
    sys.argv[1:] = []
    runpy.run_module(module, run_name="__main__", alter_sys=True)
