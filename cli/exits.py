"""How a verb ends, as a number. Scripts go by these, so they may be added to and never changed."""

from enum import IntEnum


class Exit(IntEnum):
    """What a shell sees in `$?`."""

    FINE = 0
    FOUND = 1
    USAGE = 2
    WORLD = 3
    STOPPED = 4
    REFUSED = 5
    FAULT = 70  # EX_SOFTWARE of sysexits.h
    INTERRUPTED = 130
    UNREAD = 141  # 128 + SIGPIPE, as a shell has it


MEANINGS = {
    Exit.FINE: "It was done, and all is well.",
    Exit.FOUND: "It was done, and found something: failed images or checks, sources to be healed, an empty prefix.",
    Exit.USAGE: "It was not begun: a wrong option, no credentials, no such stack or bucket, a mistake in a file.",
    Exit.WORLD: "AWS did not answer, refused or throttled. What was done is kept; the same command goes on.",
    Exit.STOPPED: "It stopped on the way: the failures came back, budget spent, disc full; or was paused or cancelled.",
    Exit.REFUSED: "It showed its plan, and the answer was no.",
    Exit.FAULT: "A fault of Safelight's own. `SAFELIGHT_TRACEBACK=1` before the same command shows where.",
    Exit.INTERRUPTED: "Ctrl-C. What was done is kept; the same command goes on.",
    Exit.UNREAD: "Whoever read its output went away, as `head` does. What was done is kept.",
}
"""The table of docs/operations.md; a test holds one to the other."""
