"""An entry for the sandbox: a child that is closed in like any other, and then tries what its original names."""

import ctypes
import errno
import logging
import os
import platform
import signal
import socket
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

from imaging import child, pipeline
from imaging.errors import Reason, Rejected
from imaging.limits import Limits
from imaging.recipe import Recipe
from imaging.rendered import Rendered

LIBC = ctypes.CDLL(None, use_errno=True)

#: System calls by number: on x86-64, and on aarch64 where it has them.
NUMBERS: dict[str, tuple[int, int | None]] = {
    "accept": (43, 202),
    "bind": (49, 200),
    "bpf": (321, 280),
    "chmod": (90, None),
    "connect": (42, 203),
    "creat": (85, None),
    "dup": (32, 23),
    "execve": (59, 221),
    "execveat": (322, 281),
    "fchmodat": (268, 53),
    "fork": (57, None),
    "getdents64": (217, 61),
    "inotify_init1": (294, 26),
    "io_uring_setup": (425, 425),
    "ioctl": (16, 29),
    "keyctl": (250, 219),
    "kill": (62, 129),
    "link": (86, None),
    "memfd_create": (319, 279),
    "mkdir": (83, None),
    "mkdirat": (258, 34),
    "mount": (165, 40),
    "name_to_handle_at": (303, 264),
    "newfstatat": (262, 79),
    "open": (2, None),
    "open_by_handle_at": (304, 265),
    "open_tree": (428, 428),
    "openat": (257, 56),
    "openat2": (437, 437),
    "perf_event_open": (298, 241),
    "pidfd_getfd": (438, 438),
    "pidfd_open": (434, 434),
    "pipe2": (293, 59),
    "prctl": (157, 167),
    "prlimit64": (302, 261),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "ptrace": (101, 117),
    "readlink": (89, None),
    "readlinkat": (267, 78),
    "recvmsg": (47, 212),
    "renameat2": (316, 276),
    "rt_sigaction": (13, 134),
    "rt_sigqueueinfo": (129, 138),
    "seccomp": (317, 277),
    "sendmsg": (46, 211),
    "setns": (308, 268),
    "setsid": (112, 157),
    "setuid": (105, 146),
    "shmget": (29, 194),
    "socket": (41, 198),
    "socketpair": (53, 199),
    "stat": (4, None),
    "symlinkat": (266, 36),
    "truncate": (76, 45),
    "unlink": (87, None),
    "unlinkat": (263, 35),
    "unshare": (272, 97),
    "userfaultfd": (323, 282),
    "vfork": (58, None),
    "vmsplice": (278, 75),
    "x32 open": (0x40000002, None),
}

CALLS = [name for name, numbers in NUMBERS.items() if numbers[platform.machine() == "aarch64"] is not None]

#: What these are allowed for shows which of their arguments are not.
CLONE, MPROTECT, SENDTO, TGKILL = ((56, 10, 44, 234), (220, 226, 206, 131))[platform.machine() == "aarch64"]
CLONE3 = 435
PROT_EXEC, PROT_ALL, PRIVATE_ANONYMOUS = 4, 7, 0x22
GET_DUMPABLE = 3


def call(number: int, *arguments: int) -> int:
    """A system call as it is. Its arguments make no sense, so that it does nothing even where it is allowed."""
    ctypes.set_errno(0)
    outcome: int = LIBC.syscall(ctypes.c_long(number), *(ctypes.c_long(argument) for argument in arguments))
    if outcome == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return outcome


def by_number(name: str) -> Callable[[], object]:
    """A call that can only fail; how it fails tells who refused it."""
    number = NUMBERS[name][platform.machine() == "aarch64"]
    assert number is not None
    return lambda: call(number, -1, -1, -1, -1, -1, -1)


def in_a_thread() -> str:
    """What a thread made behind the walls does."""
    done: list[str] = []
    thread = threading.Thread(target=lambda: done.append(outcome(PROBES["read a file"])))
    thread.start()
    thread.join()
    return done[0]


def fill_memory() -> None:
    """Until there is no more."""
    held = []
    while True:
        held.append(bytes(b"x" * 16 * 1024 * 1024))


def overrun_memory() -> None:
    """As C does that looks at nothing: takes more than there is, and writes to it."""
    LIBC.malloc.restype = ctypes.c_void_p
    LIBC.memset(ctypes.c_void_p(LIBC.malloc(ctypes.c_size_t(1 << 40))), 1, ctypes.c_size_t(1 << 20))


def spin() -> None:
    """Never come back."""
    while True:
        pass


def wrong() -> None:
    """A fault of our own."""
    raise ZeroDivisionError("a fault of our own")


def environment() -> str:
    """What C sees of it, too."""
    raw = ctypes.POINTER(ctypes.c_char_p).in_dll(LIBC, "environ")
    return repr(list(os.environ) + ([raw[0]] if raw and raw[0] else []))


def babble() -> None:
    """Speak out of turn on every descriptor that may be the channel."""
    for descriptor in range(3, 64):
        try:
            os.write(descriptor, b"\xff" * 4096)
        except OSError:
            continue
    spin()


PARENT = os.getppid()

PROBES: dict[str, Callable[[], object]] = {
    **{name: by_number(name) for name in CALLS},
    "clone a process": lambda: call(CLONE, int(signal.SIGCHLD), 0, 0, 0, 0),
    "clone3": lambda: call(CLONE3, 0, 0),
    "signal another process": lambda: call(TGKILL, PARENT, PARENT, 0),
    "signal nobody": lambda: call(TGKILL, 1 << 30, 1 << 30, 0),
    "map executable memory": lambda: LIBC_mmap(PROT_ALL),
    "make memory executable": lambda: call(MPROTECT, 0, 0, PROT_EXEC),
    "send to an address": lambda: call(SENDTO, -1, 0, 0, 0, 1, 0),
    "ask whether it may be dumped": lambda: LIBC.prctl(GET_DUMPABLE),
    "read a file": lambda: Path(__file__).read_bytes(),
    "read own environment": lambda: os.open("/proc/self/environ", os.O_RDONLY),
    "read the parent's environment": lambda: os.open(f"/proc/{PARENT}/environ", os.O_RDONLY),
    "read the parent's memory": lambda: os.open(f"/proc/{PARENT}/mem", os.O_RDONLY),
    "write a file": lambda: Path("/tmp/written").write_bytes(b"x"),
    "list a directory": lambda: list(os.scandir("/")),
    "make a directory": lambda: Path(f"/tmp/made-{os.getpid()}").mkdir(),
    "remove a file": lambda: Path("/tmp/none").unlink(),
    "look at a file": lambda: Path("/").stat(),
    "open a socket": lambda: socket.socket(),
    "open a unix socket": lambda: socket.socket(socket.AF_UNIX),
    "run a program": lambda: subprocess.run(["/bin/true"], check=True),
    "replace itself": lambda: os.execv("/bin/true", ["true"]),
    "fork": os.fork,
    "signal the parent": lambda: os.kill(PARENT, 0),
    "in a thread": in_a_thread,
    "environment": environment,
    "log": lambda: logging.getLogger("pyvips").isEnabledFor(logging.WARNING),
    "pid": os.getpid,
    "fill memory": fill_memory,
    "overrun memory": overrun_memory,
    "spin": spin,
    "wrong": wrong,
    "crash": lambda: ctypes.string_at(0),
    "abort": os.abort,
    "be killed": lambda: signal.raise_signal(signal.SIGKILL),
    "leave": lambda: os._exit(3),
    "babble": babble,
}


def LIBC_mmap(protection: int) -> int:  # noqa: N802
    """A page of memory."""
    LIBC.mmap.restype = ctypes.c_void_p
    LIBC.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *(ctypes.c_int,) * 3, ctypes.c_long]
    ctypes.set_errno(0)
    LIBC.mmap(None, 4096, protection, PRIVATE_ANONYMOUS, -1, 0)
    if ctypes.get_errno():
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return 0


def outcome(probe: Callable[[], object]) -> str:
    """What came of it: the name of the error, or what it answered."""
    try:
        return f"done: {probe()}"
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, str(error))


def tried(
    original: bytes, recipe: Recipe, *, only: frozenset[str] | None = None, limits: Limits | None = None
) -> Rendered:
    """Try the probe that is named, and tell by a rejection; an original that names none is rendered."""
    probe = PROBES.get(original.decode(errors="replace")) if len(original) < 100 else None
    if probe is None:
        return pipeline.render(original, recipe, only=only, limits=limits)
    raise Rejected(Reason.CORRUPT, outcome(probe))


def main(settings: str) -> None:
    """The entry."""
    child.main(settings, tried)
