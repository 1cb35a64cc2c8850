"""`safelight doctor`: one small image of every fate sent through a deployment, and what only a real account can prove.

    upload ─▶ published: events, keys and roles          deletion ─▶ deleted: the worker gets a 404, not a 403
    no image ─▶ rejected, with a letter ─▶ redriven      encryption, sandbox, vCPUs: of AWS alone

Everything it uploads lies under a prefix of its own, and is gone when it ends.
"""

import json
import math
import statistics
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated

import typer

from aws import connect
from aws.instruments import Instruments
from cli.deployed import SAFELIGHT, AsJson, Deployed, Endpoint, Region, Stack, deployed
from cli.display import showing
from cli.exits import Exit
from cli.text import columns
from cli.thumbhash import Placeholder
from jobs import keys, letters, waves
from jobs.errors import Retryable
from jobs.letters import Box
from jobs.metering import Metered, metered
from jobs.redrive import Wanted
from jobs.settings import MB_PER_VCPU
from jobs.source import Published, Record, Source, State
from jobs.waves import Pace

IMAGES = 8
"""Uploads that the time of an image is the median of."""

LOOK_EVERY = 0.2
LOGS_LAG = 60.0
"""Seconds until a line of the log is sure to be found."""

LEAST_OF_VCPUS = 0.8
"""Of what the memory buys, below which batches take longer than the forecast says."""

SENSE = 0.01
"""Dollars that the calls of this program cost, generously: some hundreds of requests."""


class Ill(Exception):
    """The check failed; the message says what was seen instead."""


@dataclass
class Ward:
    """A deployment under examination, and what has been found out about it so far."""

    there: Deployed
    instruments: Instruments
    patience: float
    began: int = field(default_factory=lambda: round(time.time() * 1000))
    prefix: str = field(default_factory=lambda: f"doctor-{uuid.uuid4().hex[:12]}/")
    uploaded: list[Source] = field(default_factory=list)
    spent: Metered = field(default_factory=Metered)

    @cached_property
    def picture(self) -> bytes:
        """A PNG of a million pixels that are not all the same."""
        width, height = 1200, 900
        rows = (
            bytes((x * 255 // width, y * 255 // height, (x ^ y) & 255, 255))
            for y in range(height)
            for x in range(width)
        )
        return Placeholder(width, height, b"".join(rows)).png()

    def upload(self, name: str, body: bytes) -> Source:
        source = Source(self.there.settings.originals, self.there.settings.prefix + self.prefix + name)
        self.instruments.upload(source, body)
        self.uploaded.append(source)
        return source

    def until(self, source: Source, state: State, fence: int = 0) -> Record:
        """Waits until the ledger says so, by a claim later than this fence. Raises Ill."""
        deadline = time.monotonic() + self.patience
        while True:
            record = self.there.aws.ledger.read(source)
            if record and record.state is state and record.fence > fence:
                return record
            if time.monotonic() > deadline:
                seen = f"it is {record.state} {record.reason}".strip() if record else "the ledger never saw it"
                raise Ill(f"not {state} after {self.patience:g} s: {seen}")
            time.sleep(LOOK_EVERY)

    def published(self, source: Source) -> Published:
        published = self.until(source, State.DONE).published
        if published is None:
            raise Ill("done, and nothing is published")
        self.spent += metered(published)
        return published


def _intake(ward: Ward) -> str:
    switches = ward.there.aws.intake.switches()
    stopped = [switch.queue for switch in switches if switch.state != "Enabled"]
    if stopped or not switches:
        raise Ill(f"stopped: {', '.join(stopped)}" if stopped else "no mapping feeds the worker")
    return f"{len(switches)} enabled"


def _events(ward: Ward) -> str:
    began = time.monotonic()
    ward.published(ward.upload("first.png", ward.picture))
    return f"published {time.monotonic() - began:.1f} s after its upload"


def _renditions(ward: Ward) -> str:
    source = ward.uploaded[0]
    published = ward.published(source)
    for stored in published.renditions:
        body = ward.there.aws.renditions.get(keys.rendition_key(source, published, stored))
        if len(body) != stored.bytes:
            raise Ill(f"{stored.name} has {len(body):,} bytes, and the ledger says {stored.bytes:,}")
    return f"{len(published.renditions)} read back"


def _encryption(ward: Ward) -> str:
    source = ward.uploaded[0]
    published = ward.published(source)
    rendition = keys.rendition_key(source, published, published.renditions[0])
    found = {
        ward.instruments.encryption(source.bucket, source.key),
        ward.instruments.encryption(ward.there.settings.renditions, rendition),
    }
    if found != {"aws:kms"}:
        raise Ill(f"encrypted by {', '.join(sorted(found)) or 'nothing'}")
    return "original and rendition by the stack's key"


def _time(ward: Ward) -> str:
    sources = [ward.upload(f"{number}.png", ward.picture) for number in range(IMAGES)]
    taken = [ward.published(source).made.milliseconds for source in sources]
    return f"{statistics.median(taken):.0f} ms of a vCPU for a picture of 1.1 million pixels, median of {IMAGES}"


def _letter(ward: Ward) -> str:
    record = ward.until(ward.upload("no-image.png", b"Dear doctor"), State.REJECTED)
    return f"rejected as {record.reason}"


def _redrive(ward: Ward) -> str:
    source = ward.uploaded[-1]
    before = ward.until(source, State.REJECTED).fence
    began = time.monotonic()
    ended = waves.run(
        Wanted(prefix=source.key),
        Pace(canary=1, may_fail=1.0, patience=ward.patience),
        by="doctor",
        why="to see that it works",
        ledger=ward.there.aws.ledger,
        queue=ward.there.aws.queue,
        boxes=[Box(ward.there.aws.dead_letters)],
        runs=ward.there.aws.runs,
    )
    if ended.sent == 0:
        raise Ill("neither its letter nor its fault was found")
    ward.until(source, State.REJECTED, fence=before)
    return f"sent back and answered again in {time.monotonic() - began:.1f} s"


def _deletion(ward: Ward) -> str:
    source = ward.uploaded[0]
    ward.instruments.delete(source)
    ward.until(source, State.DELETED)
    if ward.there.emulated:
        return "its deletion was noticed; that the worker's role may is AWS's to prove"
    return "its deletion was noticed: the worker is told 404, not 403"


def _sandbox(ward: Ward) -> str:
    deadline = time.monotonic() + LOGS_LAG
    group = ward.there.described.outputs.get("WorkerLogs", "")
    while not (found := ward.instruments.metric(group, "SandboxPartial", ward.began)):
        if time.monotonic() > deadline:
            raise Ill(f"the log {group} says nothing of it after {LOGS_LAG:g} s")
        time.sleep(5 * LOOK_EVERY)
    if any(found):
        raise Ill(f"partial for {sum(found):.0f} of {len(found)} lines")
    return "full"


def _vcpus(ward: Ward) -> str:
    worker = ward.there.settings.worker
    bought = ward.instruments.bought(worker)
    due = bought.memory / MB_PER_VCPU
    got = ward.instruments.busy(worker, threads=math.ceil(due) + 1)
    said = f"{got:.2f} measured, {due:.2f} bought: {bought.memory:,} MB of {bought.architecture}"
    if got < LEAST_OF_VCPUS * due:
        raise Ill(said)
    return f"{said}, {bought.timeout} s for a batch"


@dataclass(frozen=True)
class Check:
    """`of_aws`: an emulator would only prove itself. `needs`: the check that must have passed before."""

    name: str
    run: Callable[[Ward], str]
    of_aws: bool = False
    needs: str = ""


CHECKS = (
    Check("intake", _intake),
    Check("events and keys", _events, needs="intake"),
    Check("renditions", _renditions, needs="events and keys"),
    Check("encryption", _encryption, of_aws=True, needs="events and keys"),
    Check("time of an image", _time, needs="events and keys"),
    Check("rejection", _letter, needs="events and keys"),
    Check("redrive", _redrive, needs="rejection"),
    Check("missing key", _deletion, needs="events and keys"),
    Check("sandbox", _sandbox, of_aws=True, needs="events and keys"),
    Check("vCPUs", _vcpus, of_aws=True),
)


@dataclass(frozen=True)
class Finding:
    """`passed` is None where the check was left out."""

    check: str
    passed: bool | None
    said: str


def doctor(
    stack: Stack = SAFELIGHT,
    region: Region = None,
    endpoint: Endpoint = None,
    patience: Annotated[float, typer.Option(min=1, help="Seconds that an image may take.")] = 180,
    as_json: AsJson = False,
) -> None:
    """Prove on a deployment that it works: for about a cent, and with images of its own.

    On an emulator it runs what applies, and says what it left out. Exits with 1 if a check failed.
    """
    there = deployed(stack, endpoint, region)
    ward = Ward(there, connect.instruments(), patience)
    try:
        findings = examined(ward)
    finally:
        _discharge(ward)
    _tell(findings, SENSE + ward.spent.dollars, as_json=as_json)
    if any(finding.passed is False for finding in findings):
        raise typer.Exit(Exit.FOUND)


def examined(ward: Ward) -> list[Finding]:
    """Every check, in order; those whose ground is missing are left out."""
    findings: dict[str, Finding] = {}
    with showing() as show:
        for check in CHECKS:
            show(f"{check.name} ...", False)
            findings[check.name] = _examined(check, ward, findings)
    return list(findings.values())


def _examined(check: Check, ward: Ward, before: dict[str, Finding]) -> Finding:
    if check.of_aws and ward.there.emulated:
        return Finding(check.name, None, "left out: only AWS can prove it")
    if check.needs and not before[check.needs].passed:
        return Finding(check.name, None, f"left out: it needs {check.needs}")
    try:
        return Finding(check.name, True, check.run(ward))
    except (Ill, Retryable) as error:
        return Finding(check.name, False, str(error))


def _discharge(ward: Ward) -> None:
    """Removes the uploads, and the letters about them; their renditions are the collector's."""
    for source in ward.uploaded:
        ward.instruments.delete(source)
    box = Box(ward.there.aws.dead_letters)
    ours = Wanted(prefix=ward.there.settings.prefix + ward.prefix)
    for trouble in letters.look([box], ward.there.aws.ledger, ours):
        if trouble.letter:
            box.letters.delete(trouble.letter)


def _tell(findings: list[Finding], dollars: float, *, as_json: bool) -> None:
    if as_json:
        checks = [{"check": each.check, "passed": each.passed, "said": each.said} for each in findings]
        typer.echo(json.dumps({"checks": checks, "dollars": round(dollars, 4)}, indent=2))
        return
    rows = [({True: "passed", False: "FAILED", None: "-"}[each.passed], each.check, each.said) for each in findings]
    typer.echo(columns([*rows, ("", "cost", f"at most ${dollars:.4f}")]))
