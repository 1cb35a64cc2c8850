"""`safelight status`: where everything stands, or one original."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated, Any

import typer

from cli.complaint import Complaint
from cli.deployed import SAFELIGHT, AsJson, Deployed, Endpoint, Region, Stack, deployed, utf8
from cli.display import showing
from cli.exits import Exit
from cli.text import columns, moment, size, visible
from jobs import keys
from jobs.metering import Metered, metered
from jobs.source import Record, Seen, Source, State

TROUBLE = frozenset({State.REJECTED, State.DEAD})


def status(
    key: Annotated[
        str | None,
        typer.Argument(metavar="[KEY]", callback=utf8, help="Of one original, whole; left out: of everything."),
    ] = None,
    stack: Stack = SAFELIGHT,
    region: Region = None,
    endpoint: Endpoint = None,
    count: Annotated[bool, typer.Option("--count", help="Read the whole ledger, and add up states and costs.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say where an original stands, or everything: intake, lanes, dead letters, outage, and what failed and why.

    Exits with 1 if the original was rejected or is dead, or if anything needs a look. Reading the whole ledger costs
    about 3 cents a million originals.
    """
    there = deployed(stack, endpoint, region)
    if key == "":
        raise Complaint("name a key, or leave it out to see how everything stands")
    if key is not None:
        _one(there, Source(there.settings.originals, key), as_json=as_json)
        return
    found = _whole(there) | (_counted(there) if count else {})
    _print(found, as_json=as_json)
    if _needs_a_look(found):
        raise typer.Exit(Exit.FOUND)


def _one(there: Deployed, source: Source, *, as_json: bool) -> None:
    record = there.aws.ledger.read(source)
    if record is None:
        raise Complaint(f"the ledger never saw {visible(source.key)}: `safelight audit` finds what it missed")
    _print(described(record), as_json=as_json)
    if record.state in TROUBLE:
        raise typer.Exit(Exit.FOUND)


def described(record: Record) -> dict[str, Any]:
    """A record as data; what is empty is left out."""
    published = record.published
    found = {
        "key": record.source.key,
        "state": record.state,
        "reason": record.reason,
        "detail": record.detail,
        "attempts": record.attempts,
        "updated": moment(record.updated / 1000),
        "published": moment(published.at / 1000) if published else "",
        "revision": record.revision,
        "original": f"{published.made.format}, {published.made.width} x {published.made.height}" if published else "",
        "renditions": [keys.rendition_key(record.source, published, each) for each in published.renditions]
        if published
        else [],
        "analysis": _analysis(published.seen) if published and published.seen else {},
        "cost": asdict(metered(published)) if published else {},
    }
    return {name: value for name, value in found.items() if value not in ("", [], {}, 0)}


def _analysis(seen: Seen) -> dict[str, Any]:
    names = {"labels": seen.labels, "moderation": seen.moderation}
    found = {kind: [f"{name} {sure} %" for name, sure in each] for kind, each in names.items()}
    return {kind: each for kind, each in {**found, "failed": seen.failed}.items() if each}


def _whole(there: Deployed) -> dict[str, Any]:
    aws = there.aws
    boxes = {"dead letters": aws.dead_letters, **({"undelivered": aws.undelivered} if aws.undelivered else {})}
    lanes = {"fresh": aws.queue, **({} if aws.bulk is aws.queue else {"bulk": aws.bulk})}
    return {
        "stack": there.stack,
        "intake": {switch.queue: switch.state for switch in aws.intake.switches()},
        "paused": "by an operator" if aws.outage.held() else "",
        "outage": aws.outage.declared(),
        "lanes": {name: asdict(lane.depth()) for name, lane in lanes.items()},
        "letters": {name: box.depth().total for name, box in boxes.items()},
        "faults": dict(Counter(f"{record.state}: {record.reason}" for record in _faults(there)).most_common()),
    }


def _faults(there: Deployed) -> Iterator[Record]:
    after: str | None = None
    while True:
        page = there.aws.ledger.faults(after)
        yield from (record for record in page.records if record.state in TROUBLE)
        after = page.next
        if after is None:
            return


def _counted(there: Deployed) -> dict[str, Any]:
    """The whole ledger, added up."""
    states: Counter[str] = Counter()
    total, after = Metered(), None
    with showing() as show:
        while True:
            page = there.aws.ledger.scan(after)
            states.update(record.state for record in page.records)
            total = sum((metered(record.published) for record in page.records if record.published), total)
            show(f"read: {states.total():,}", page.next is None)
            after = page.next
            if after is None:
                return {"states": dict(states), "cost": asdict(total)}


def _needs_a_look(found: dict[str, Any]) -> bool:
    stopped = any(state != "Enabled" for state in found["intake"].values())
    return bool(stopped or found["paused"] or found["outage"] or found["faults"] or any(found["letters"].values()))


def _print(found: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    typer.echo(columns(_lines(found)))


def _lines(found: dict[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    for name, value in found.items():
        if name == "cost":
            yield above + name, _cost(value)
        elif isinstance(value, dict):
            yield from _lines(value, f"{above}{name}: ")
        else:
            for each in value if isinstance(value, list) else [value]:
                yield above + name, visible(str(each)) or "none"


def _cost(cost: dict[str, Any]) -> str:
    return (
        f"${cost['dollars']:.6f}: {cost['milliseconds']:,} ms of a vCPU, {size(cost['bytes_in'])} in,"
        f" {size(cost['bytes_out'])} out, {cost['puts']:,} PUT, {cost['gets']:,} GET, {cost['writes']:,} write units"
    )
