"""The ports in memory: the simulator's own, in fair weather. They pass the contract suite that AWS's adapters pass."""

from local.simulator.analyst import Analyst as FakeAnalyst
from local.simulator.buckets import Attic as FakeAttic
from local.simulator.buckets import Content as FakeContent
from local.simulator.buckets import Originals as FakeOriginals
from local.simulator.buckets import Renditions as FakeRenditions
from local.simulator.buckets import etag_of
from local.simulator.catalog import CatalogStore as FakeCatalogStore
from local.simulator.clock import Clock
from local.simulator.ledger import Ledger as FakeLedger
from local.simulator.outage import Intake as FakeIntake
from local.simulator.outage import Outage as FakeOutage
from local.simulator.place import Place as FakePlace
from local.simulator.queues import DeadLetters as FakeDeadLetters
from local.simulator.queues import Queue as FakeQueue
from local.simulator.runs import Runs as FakeRuns

__all__ = [
    "Clock",
    "FakeAnalyst",
    "FakeAttic",
    "FakeCatalogStore",
    "FakeContent",
    "FakeDeadLetters",
    "FakeIntake",
    "FakeLedger",
    "FakeOriginals",
    "FakeOutage",
    "FakePlace",
    "FakeQueue",
    "FakeRenditions",
    "FakeRuns",
    "etag_of",
]
