"""What a change of recipes touches, and the sources it touches sent through the bulk lane, step by step."""

from functools import partial

from cli.deployed import Deployed
from cli.driving import driven
from jobs import reprocess as jobs
from jobs import runs
from jobs.runs import Run

KIND = "reprocess"


def gone_on(there: Deployed, run: Run, *, as_json: bool) -> None:
    """A run that was begun, driven on."""
    step = partial(jobs.advance, store=there.aws.catalog, ledger=there.aws.ledger, queue=there.aws.bulk)
    driven(there, runs.begun(there.aws.runs, run), step, as_json=as_json)
