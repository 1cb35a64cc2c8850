"""Messages with several records of different fates, delivered while a call goes wrong or the worker dies at it."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from jobs.errors import Retryable
from jobs.source import Source
from local.simulator.cloud import event
from local.simulator.gates import Crashed
from tests.faults.stage import A, B, Stage, X

MOST_CALLS = 26

GOOD, BAD, GONE, LEASED, DONE = (Source("originals", name) for name in ("good", "bad", "gone", "leased", "done"))


@dataclass(frozen=True)
class Mixed:
    """One message about five sources: to be rendered, rejected, deleted, leased by another, and done already."""

    at: int
    dies: bool
    lasting: bool
    receives: int

    def run(self) -> list[str]:
        """The violations."""
        stage = Stage(max_receives=4)
        _scene(stage)
        for _ in range(self.receives):
            delivery = stage.receive()
            if delivery is None:
                break
            try:
                stage.answer(delivery, stage.work(delivery, stage.worker(self._gate())))
                stage.cloud.queue.sqs.postpone(delivery.receipt, 0)
            except Crashed:
                stage.cloud.queue.sqs.postpone(delivery.receipt, 0)
        return stage.verdicts()

    def _gate(self) -> Callable[[str, Callable[[], Any]], Any]:
        made = 0

        def gate(_: str, call: Callable[[], Any]) -> Any:
            nonlocal made
            made += 1
            if made == self.at + 1 or (made > self.at and (self.lasting or self.dies)):
                raise Crashed if self.dies else Retryable("throttled")
            return call()

        return gate


def _scene(stage: Stage) -> None:
    for source, body in ((GONE, A), (DONE, A), (LEASED, A)):
        stage.put(body, source)
    stage.drain()
    now = stage.cloud.clock.milliseconds
    stage.put(B, LEASED)
    stage.put(A, GOOD)
    stage.put(X, BAD)
    stage.delete(GONE)
    stage.cloud.queue.sqs.messages.clear()
    stage.cloud.ledger.claim(LEASED, etag="another", digest="d", revision=9, now=now, until=now + 60_000)
    stage.cloud.queue.sqs.send(_message(stage, GOOD, BAD, GONE, LEASED, DONE))


def _message(stage: Stage, *sources: Source) -> str:
    """One S3 event with a record each, as S3 is allowed to send them."""
    single = [event(source, stage.cloud.originals.history[source][-1]) for source in sources]
    records = [json.loads(json.loads(each)["Message"])["Records"][0] for each in single]
    return json.dumps({"Records": records})


def mixed() -> Iterator[Mixed]:
    """A fault or a death at every call, on one receive or on all of them."""
    for at in range(MOST_CALLS):
        for receives in (1, 2, 4):
            for lasting in (False, True):
                yield Mixed(at, False, lasting, receives)
            yield Mixed(at, True, False, receives)
