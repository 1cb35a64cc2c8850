"""What can go wrong on the way, by blame.

JobError
├── Malformed       a message that no parser knows: a letter at once, as it came
├── Foreign         an event that points outside the originals: a letter at once, nothing is read
├── Retryable       the world's fault, may pass: throttled, timed out, refused, unreachable
│   ├── LostFence   another claim took over: it will do the work, or has
│   └── OutOfTime   what is left of this invocation is not enough: nobody's fault
├── CatalogInvalid  the author's fault: every mistake of a catalog, told together
├── Stale           the catalog was changed by someone else meanwhile: read it again
└── SettingsInvalid every mistake of the environment, told together

The image's fault is imaging.errors.Rejected.
"""

from collections.abc import Iterable


class JobError(Exception):
    """Base of all errors that jobs raise."""


class Malformed(JobError):
    """The message is in none of the forms that events.py knows."""


class Foreign(JobError):
    """The event names an object outside the originals bucket or its prefix."""


class Retryable(JobError):
    """May pass later. `reason` is a short word for the ledger and the metrics, such as "throttled"."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


class LostFence(Retryable):
    """The item moved on under a newer claim; nothing of this attempt is visible."""

    def __init__(self) -> None:
        super().__init__("lost-fence")


class OutOfTime(Retryable):
    """Too little is left of this invocation to go on; the source is handed back untried."""

    def __init__(self) -> None:
        super().__init__("out-of-time")


class CatalogInvalid(JobError):
    """The catalog cannot be released; `problems` names each mistake."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(self.problems))


class Stale(JobError):
    """The catalog's revision is no longer the one that the change was based on."""


class SettingsInvalid(JobError):
    """The environment is wrong; the message lists every mistake."""
