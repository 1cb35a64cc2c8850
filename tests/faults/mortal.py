"""A worker in a process of its own, over AWS's real adapters, that ends or stops itself at a call.

Only tests start it. It sends its verdict back if it lives to have one; nothing else of it is left.
"""

import itertools
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

import boto3

from aws.connect import Aws, connect
from jobs import batch, settings
from jobs.admission import Admission
from jobs.batch import Message, Rules
from jobs.breaker import Breaker
from jobs.catalog import CurrentCatalog, RecipeBook
from jobs.process import Render, Verdict, World
from local.simulator.gates import Gate, Gated, open_gate
from tests.jobs.worlds import Pixels

for service in ("s3", "sqs", "dynamodb"):
    boto3.client(
        service, region_name="us-east-1"
    )  # its model is read once, before the process is forked again and again


TEXT = Pixels()


@dataclass(frozen=True)
class Fate:
    """What happens before which call: SIGKILL or SIGSTOP. The last call is the acknowledgement."""

    at: int
    signal: int = signal.SIGKILL


def life(variables: dict[str, str], message: Message, fate: Fate, reply: Connection) -> None:
    """The whole life of the process."""
    os.environ.update(variables)
    gate = fatal(fate)
    verdict = work(message, connect(settings.read(os.environ)), gate=gate)
    gate("acknowledge", lambda: reply.send(verdict))


def fatal(fate: Fate) -> Gate:
    """Lets every call pass, up to the one of fate. Safe to share between threads."""
    number = itertools.count()

    def gate(_: str, call: Callable[[], Any]) -> Any:
        if next(number) == fate.at:
            os.kill(os.getpid(), fate.signal)
        return call()

    return gate


def work(
    message: Message, aws: Aws, skew: float = 0.0, gate: Gate = open_gate, render: Render = TEXT, engine: str = "1-test"
) -> Verdict:
    """One message through the use case of the worker, its clock `skew` seconds ahead."""
    read = settings.read(os.environ)
    rules = Rules(read.originals, read.prefix, read.max_receives, side_by_side=1)

    def clock() -> float:
        return time.time() + skew

    catalog = Gated("catalog", aws.catalog, gate)
    world = World(
        originals=Gated("originals", aws.originals, gate),
        renditions=Gated("renditions", aws.renditions, gate),
        ledger=Gated("ledger", aws.ledger, gate),
        queue=Gated("queue", aws.queue, gate),
        dead_letters=Gated("dead_letters", aws.dead_letters, gate),
        catalog=CurrentCatalog(catalog),
        recipes=RecipeBook(catalog),
        render=lambda *arguments: gate("pixels.render", lambda: render(*arguments)),
        engine=engine,
        breaker=Breaker(aws.outage, aws.intake, clock),
        room=Admission(2**30),
        clock=clock,
    )
    return batch.run([message], world, rules, deadline=clock() + 60)[message.id]
