"""Looks whether the world is well again after an outage, and if so starts the intake."""

import logging

from jobs.breaker import Intake, Outage
from jobs.errors import Retryable
from jobs.ports import Absent, Archived, Ledger, NotModified, Originals, Renditions
from jobs.source import Source

log = logging.getLogger(__name__)

PROBE = "probe"
"""The key that is asked for among the originals and written among the renditions; nobody is ever told of it."""


def probe(
    bucket: str,
    prefix: str,
    originals: Originals,
    renditions: Renditions,
    ledger: Ledger,
    outage: Outage,
    intake: Intake,
) -> str:
    """One look: "well", "healed" or "out". The intake starts before the outage is forgotten, in case of a crash.

    One that an operator stopped stays so, also if a breaker had stopped it before him.
    """
    source = Source(bucket, prefix + PROBE)
    try:
        if not outage.declared():
            return "well"
        found = originals.fetch(source)
        if not isinstance(found, Absent | Archived | NotModified):
            found.close()
        renditions.put(PROBE, b"", "text/plain")
        ledger.read(source)
        if outage.stopped():  # by a breaker
            _start(outage, intake)
        outage.over()
    except Retryable as error:
        log.warning("still out: %s", error)
        return "out"
    log.info("the world is well again")
    return "healed"


def _start(outage: Outage, intake: Intake) -> None:
    """Unless it is held.

    An operator's pause is noted before it stops the intake, and this looks once more after it started it: whichever of
    the two comes last stops it. Where that fails, the outage is not over, and the next probe comes this way again.
    """
    if not outage.held():
        intake.start()
    if outage.held():
        intake.stop()
