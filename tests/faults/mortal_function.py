"""handlers.worker whole, its sandbox and all, in a process of its own that ends at a call. Only tests start it."""

import logging
import os
from multiprocessing.connection import Connection
from types import SimpleNamespace
from typing import Any

from aws.connect import connect
from handlers import worker
from imaging.recipe import Recipe
from imaging.rendered import Rendered
from jobs import settings
from local.simulator.gates import Gated
from tests.faults.mortal import Fate, fatal
from tests.handlers.test_worker import Context

PORTS = ("originals", "renditions", "ledger", "catalog", "queue", "dead_letters")


def life(variables: dict[str, str], event: dict[str, Any], fate: Fate, reply: Connection) -> None:
    """One invocation. It answers if it lives to have an answer."""
    os.environ.update(variables)
    logging.disable(logging.CRITICAL)
    gate, aws, render = fatal(fate), connect(settings.read(os.environ)), worker._render

    def mortal(original: bytes, recipe: Recipe, names: frozenset[str]) -> Rendered:
        rendered: Rendered = gate("pixels.render", lambda: render(original, recipe, names))
        return rendered

    ports = {name: Gated(name, getattr(aws, name), gate) for name in PORTS}
    there = SimpleNamespace(**ports, lane=lambda _: ports["queue"], outage=aws.outage, intake=aws.intake, analyst=None)
    worker._aws = lambda: there  # type: ignore[assignment,return-value]
    worker._render = mortal
    answer = worker.handler(event, Context())
    gate("acknowledge", lambda: reply.send(answer))
