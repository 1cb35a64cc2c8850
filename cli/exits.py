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
    INTERRUPTED = 130


MEANINGS = {
    Exit.FINE: "It was done, and all is well.",
    Exit.FOUND: "It was done, and found something: images that failed, sources that need healing, a check that failed.",
    Exit.USAGE: "It was not begun: a wrong option, no such stack, a mistake in a file.",
    Exit.WORLD: "AWS did not answer, refused or throttled. What was done is kept; the same command goes on.",
    Exit.STOPPED: "It stopped on the way: the failures came back, budget spent, disc full; or was paused or cancelled.",
    Exit.REFUSED: "It showed its plan, and the answer was no.",
    Exit.INTERRUPTED: "Ctrl-C. What was done is kept; the same command goes on.",
}
"""The table of docs/operations.md; a test holds one to the other."""
