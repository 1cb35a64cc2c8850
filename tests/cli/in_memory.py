"""A deployment in memory for the verbs: what they would find by the name of a stack, on the simulator's adapters."""

from types import SimpleNamespace
from typing import Any

from local.simulator.buckets import Listing
from tests.fakes import FakeAttic, FakeRuns
from tests.jobs.worlds import SmallWorld


def deployment(world: SmallWorld, **others: Any) -> Any:
    """A small world's, as far as its verbs look; `others` are adapters beside."""
    aws = {
        "originals": world.originals,
        "renditions": world.renditions,
        "attic": FakeAttic(world.renditions),
        "catalog": world.store,
        "listings": SimpleNamespace(prefix=lambda *_: Listing(world.originals)),
        "lanes": (world.queue,),
        "ledger": world.ledger,
        "queue": world.queue,
        "dead_letters": world.dead_letters,
        "undelivered": None,
        "runs": FakeRuns(),
        "outage": world.outage,
        "intake": world.intake,
    }
    settings = SimpleNamespace(originals="originals", prefix="")
    return SimpleNamespace(stack="safelight", settings=settings, aws=SimpleNamespace(**aws | others))
