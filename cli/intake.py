"""`safelight pause` and `safelight resume`: the event source mappings that feed the worker."""

import json
import time

import typer

from cli.deployed import SAFELIGHT, AsJson, Deployed, Endpoint, Region, Stack, deployed
from cli.display import talk
from jobs.errors import Retryable

SETTLES_WITHIN = 120.0
"""Seconds; Lambda says that a change of a mapping may take some tens of them."""

LOOK_EVERY = 0.5


def pause(stack: Stack = SAFELIGHT, region: Region = None, endpoint: Endpoint = None, as_json: AsJson = False) -> None:
    """Stop taking messages from every lane. What is being worked on is finished; the rest waits, up to four days.

    The sweep does not undo it, nor the end of an outage during which it was given: only `safelight resume` does.
    """
    there = deployed(stack, endpoint, region)
    there.aws.outage.hold()  # before the stop: a probe that is about to start the intake looks once more after it did
    there.aws.intake.stop()
    _settled(there, "Disabled", as_json=as_json)


def resume(stack: Stack = SAFELIGHT, region: Region = None, endpoint: Endpoint = None, as_json: AsJson = False) -> None:
    """Take messages again, from every lane: after a pause, or after the breaker stopped it, if you know better."""
    there = deployed(stack, endpoint, region)
    there.aws.outage.release()
    there.aws.intake.start()
    there.aws.outage.over()  # last: if Lambda refuses the start, it is the sweep's again
    _settled(there, "Enabled", as_json=as_json)


def _settled(there: Deployed, wanted: str, *, as_json: bool) -> None:
    """Waits until every mapping is there, and tells."""
    deadline = time.monotonic() + SETTLES_WITHIN
    while True:
        found = there.aws.intake.switches()
        if all(switch.state == wanted for switch in found):
            break
        if time.monotonic() > deadline:
            raise Retryable("in-transition", f"the intake is not {wanted.lower()} after {SETTLES_WITHIN:g} s")
        time.sleep(LOOK_EVERY)
    if as_json:
        typer.echo(json.dumps({"intake": {switch.queue: switch.state for switch in found}}, indent=2))
    elif found:
        typer.echo("\n".join(f"{switch.queue}: {switch.state.lower()}" for switch in found))
    else:
        talk.print("no mapping feeds this worker")
