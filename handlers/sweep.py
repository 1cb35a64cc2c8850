"""On a schedule: after an outage, look whether the world is well again; and find the sources nobody comes for.

every minute   {}               the probe: one read while all is well
every hour     {"sweep": true}  page after page of the ledger, for as long as this invocation lasts; the next one goes
                                on from there, and starts over when the ledger was swept whole
"""

import time
from typing import Any

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from aws.connect import Aws
from handlers import connected, logs, meters
from jobs import sweep
from jobs.probe import probe

log = logs.configure()
metrics = Metrics(namespace=meters.NAMESPACE, service="sweep")

PATIENCE = 1800.0
"""Seconds: twice the longest back-off and delay, so that a message in flight is not taken for lost."""

LAST_STEP = 10.0
"""Seconds that must be left for one more page."""


@log.inject_lambda_context
@metrics.log_metrics(raise_on_empty_metrics=False)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answers what the probe found, and how many sources got a message."""
    settings, aws = connected.settings(), connected.aws()
    found = probe(
        settings.originals, settings.prefix, aws.originals, aws.renditions, aws.ledger, aws.outage, aws.intake
    )
    metrics.add_metric("Outage", MetricUnit.Count, int(found != "well"))
    if not event.get("sweep") or found == "out":
        return {"world": found}
    deadline = time.time() + context.get_remaining_time_in_millis() / 1000 - LAST_STEP
    return {"world": found, **_sweep(aws, deadline)}


def _sweep(aws: Aws, deadline: float) -> dict[str, Any]:
    """The place is kept after each page was sent: an invocation that ends at any moment skips nothing."""
    sent, after = 0, aws.place.read()
    while time.time() < deadline:
        step = sweep.step(after, ledger=aws.ledger, lanes=aws.lanes, patience=PATIENCE, now=round(time.time() * 1000))
        sent, after = sent + step.sent, step.next
        aws.place.keep(after)
        if after is None:
            break
    metrics.add_metric("Swept", MetricUnit.Count, sent)
    return {"sent": sent, "whole": after is None}
