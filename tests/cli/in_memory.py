"""A deployment in memory for the verbs: what they would find by the name of a stack, on the simulator's adapters."""

from types import SimpleNamespace
from typing import Any

from tests.jobs.worlds import SmallWorld


def deployment(world: SmallWorld, **others: Any) -> Any:
    """A small world's, as far as its verbs look; `others` are adapters beside."""
    aws = {
        "ledger": world.ledger,
        "queue": world.queue,
        "dead_letters": world.dead_letters,
        "undelivered": None,
        "outage": world.outage,
        "intake": world.intake,
    }
    return SimpleNamespace(stack="safelight", aws=SimpleNamespace(**aws | others))
