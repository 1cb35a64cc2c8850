"""A deployment in memory for the verbs: what they would find by the name of a stack, on the simulator's adapters."""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from aws.intake import Switch
from local.simulator.buckets import Listing
from tests.fakes import FakeAttic, FakeIntake, FakeRuns
from tests.jobs.worlds import SmallWorld


@dataclass
class Intake(FakeIntake):
    """With a mapping to look at."""

    def switches(self) -> list[Switch]:
        return [Switch("fresh", "Enabled" if self.running else "Disabled")]


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
        "intake": Intake(),
    }
    settings = SimpleNamespace(originals="originals", prefix="")
    return SimpleNamespace(stack="safelight", settings=settings, aws=SimpleNamespace(**aws | others))
