"""Every queue emptied in the middle of a run, at any call of a worker; then an audit, stopped at a call, and again."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from jobs import audit
from jobs.audit import Books
from jobs.source import Source
from local.simulator.buckets import Attic, Listing
from local.simulator.gates import Crashed, Gate, Gated, open_gate
from tests.faults.redrives import _Nth
from tests.faults.stage import LEASE, PATIENCE, A, B, Stage, X

SOURCES = [Source("originals", f"{number}.jpg") for number in range(6)]


def audited(stage: Stage, gate: Gate = open_gate) -> list[audit.Finding]:
    """Looks at everything and sends for what does not agree; what it found."""
    place: str | None = ""
    found: list[audit.Finding] = []
    while place is not None:
        books, now = _books(stage, gate), stage.cloud.clock.milliseconds
        found += audit.look(place, books, now=now).findings
        place = audit.heal(place, books, now=now).next
    return found


def _books(stage: Stage, gate: Gate) -> Books:
    cloud = stage.cloud
    ports: dict[str, Any] = {
        "listing": Listing(cloud.originals, size=4),
        "originals": cloud.originals,
        "renditions": cloud.renditions,
        "attic": Attic(cloud.renditions),
        "ledger": cloud.ledger,
        "store": cloud.store,
    }
    gated = {name: Gated(name, port, gate) for name, port in ports.items()}
    return Books(**gated, lanes=[Gated("queue", cloud.queue, gate)], patience=PATIENCE)


@dataclass(frozen=True)
class Emptied:
    """`at`: the call of a worker that dies of it; `audit_dies_at`: that of the first audit."""

    seed: int
    at: int
    audit_dies_at: int

    def run(self) -> list[str]:
        """The violations."""
        stage = Stage(self.seed)
        self._upload(stage)
        for _ in range(stage.cloud.dice.randrange(8)):
            stage.deliver()
        self._change(stage)
        if delivery := stage.receive():
            with suppress(Crashed):
                stage.work(delivery, stage.worker(_Nth(self.at)))
        stage.cloud.queue.sqs.messages.clear()
        stage.cloud.dead_letters.sqs.messages.clear()
        stage.cloud.clock.move(LEASE + PATIENCE + 1)
        with suppress(Crashed):
            audited(stage, _Nth(self.audit_dies_at))
        if stage.cloud.dice.random() < 0.5:
            stage.cloud.queue.sqs.messages.clear()
        audited(stage)
        stage.drain()
        wrong = [f"1 (audited): {wrong}" for wrong in stage.witness.unsettled().values()]
        return wrong + [f"1 (audited twice): {found}" for found in audited(stage)] + stage.witness.violations

    def _upload(self, stage: Stage) -> None:
        for source in SOURCES:
            stage.put(stage.cloud.dice.choice([A, B, X]), source)

    def _change(self, stage: Stage) -> None:
        """Some are overwritten, some deleted, and perhaps there is another recipe whose reprocess nobody ran."""
        for source in SOURCES:
            match stage.cloud.dice.randrange(4):
                case 0:
                    stage.put(stage.cloud.dice.choice([A, B, X]), source)
                case 1:
                    stage.delete(source)
        if stage.cloud.dice.random() < 0.3:
            stage.release()


def emptied(times: int, first: int) -> Iterator[Emptied]:
    """By the seed; a worker and an audit die at each of their calls in turn."""
    return (Emptied(seed, at=seed % 9, audit_dies_at=seed % 13) for seed in range(first, first + times))
