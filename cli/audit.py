"""`safelight audit`: bucket, ledger and renditions held against one another, and healed."""

import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Annotated

import typer

from cli.deployed import SAFELIGHT, AsJson, Deployed, Endpoint, Region, Stack, Yes, deployed
from cli.display import showing
from cli.driving import agreed, answer, as_begun, driven, me
from cli.exits import Exit
from cli.text import counted, visible
from jobs import audit as jobs
from jobs import runs
from jobs.audit import SENT_FOR, Books, Kind
from jobs.prices import PRICES
from jobs.runs import Run

KIND = "audit"

PATIENCE = "patience"
USUAL = 1800.0
"""Seconds: the sweep's, twice the longest back-off."""

EXAMPLES = 3
AT_ONCE = 16
"""Requests to S3 side by side."""

ABOUT = {
    Kind.MISSING: "in the bucket, and not in the ledger",
    Kind.STALE: "published for another object or recipe",
    Kind.STUCK: "waiting for a message that is not there",
    Kind.UNTOLD: "rejected, and no letter was sent",
    Kind.GONE: "in the ledger, and not in the bucket",
    Kind.LOST: "published, and a rendition is not there",
    Kind.GIVEN_UP: "dead: `safelight redrive` once the cause is gone",
}


def audit(
    stack: Stack = SAFELIGHT,
    region: Region = None,
    endpoint: Endpoint = None,
    patience: Annotated[
        float | None,
        typer.Option(
            min=0,
            help=f"Seconds after which work without a sign of life is taken for stuck; {USUAL:g} if not given.",
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what does not agree, and end.")] = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Find what is missing, stale, stuck or gone, and send the messages that heal it.

    Looks first and says what it found and what healing costs. Queues may have lost everything: nothing is needed of
    them. A heal that is stopped goes on where it stood, and with its patience, when the same command is given again.
    Exits with 1 if it found anything and did not heal it.
    """
    there = deployed(stack, endpoint, region)
    run = there.aws.runs.read(runs.named(KIND, stack))
    if dry_run or run is None or run.phase in runs.OVER:
        seconds = USUAL if patience is None else patience
        with ThreadPoolExecutor(AT_ONCE) as pool:
            found = _look(_books(there, pool, seconds))
        if dry_run or not found.healable:
            _tell(found, as_json=as_json)
            raise typer.Exit(Exit.FOUND if found.counts else Exit.FINE)
        agreed(found.plan(), yes=yes)
        began, options = time.time(), {PATIENCE: seconds}
        run = Run(runs.named(KIND, stack), KIND, stack, total=found.seen, began=began, by=me(), options=options)
    gone_on(there, as_begun(run, PATIENCE, patience), as_json=as_json)


def gone_on(there: Deployed, run: Run, *, as_json: bool) -> None:
    """A heal that was begun, driven on with the patience that was agreed to. Raises Complaint."""
    run = runs.begun(there.aws.runs, as_begun(run, PATIENCE))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        driven(there, run, _healing(_books(there, pool, run.options[PATIENCE])), as_json=as_json)


def _healing(books: Books) -> runs.Step:
    return lambda place: jobs.heal(place, books, now=round(time.time() * 1000))


def _books(there: Deployed, pool: ThreadPoolExecutor, patience: float) -> Books:
    aws, names = there.aws, there.settings
    return Books(
        listing=aws.listings.prefix(names.originals, names.prefix),
        originals=aws.originals,
        renditions=aws.renditions,
        attic=aws.attic,
        ledger=aws.ledger,
        store=aws.catalog,
        lanes=aws.lanes,
        prefix=names.prefix,
        patience=patience,
        together=pool.map,
    )


@dataclass(frozen=True)
class Found:
    """What a look saw: pages' worth of objects and records, how many of each kind, and a few keys of each."""

    seen: int
    counts: Mapping[Kind, int]
    examples: Mapping[Kind, tuple[str, ...]]

    @property
    def healable(self) -> int:
        return sum(count for kind, count in self.counts.items() if kind is not Kind.GIVEN_UP)

    def plan(self) -> dict[str, str]:
        """The findings, and what healing them does and costs before anything is rendered."""
        sent = sum(count for kind, count in self.counts.items() if kind in SENT_FOR)
        return {kind: self.line(kind) for kind in self.counts} | {
            "to heal": f"{counted(sent, 'message')} to the bulk lane, at most ${sent * PRICES.sqs_request:,.4f}",
        }

    def line(self, kind: Kind) -> str:
        keys = ", ".join(map(visible, self.examples[kind]))
        return f"{counted(self.counts[kind], 'original')} {ABOUT[kind]}: {keys}"


def _look(books: Books) -> Found:
    seen, place = 0, ""
    counts: Counter[Kind] = Counter()
    examples: dict[Kind, tuple[str, ...]] = defaultdict(tuple)
    with showing() as show:
        while True:
            looked = jobs.look(place, books, now=round(time.time() * 1000))
            seen += looked.seen
            for finding in looked.findings:
                counts[finding.kind] += 1
                examples[finding.kind] = (*examples[finding.kind], finding.source.key)[:EXAMPLES]
            show(f"looked at {seen:,}", looked.next is None)
            if looked.next is None:
                return Found(seen, dict(counts), dict(examples))
            place = looked.next


def _tell(found: Found, *, as_json: bool) -> None:
    lines = [f"{kind}: {found.line(kind)}" for kind in found.counts] or ["bucket, ledger and renditions agree"]
    data = {"seen": found.seen, "found": found.counts, "examples": found.examples}
    answer(data, "\n".join(lines), as_json=as_json)
