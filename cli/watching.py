"""`safelight watch`: originals under a prefix, until every one of them is settled."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated

import typer

from cli.deployed import SAFELIGHT, AsJson, Deployed, Endpoint, Region, Stack, deployed, utf8
from cli.display import following, talk
from cli.exits import Exit
from cli.text import counted, visible
from cli.watch import PATIENCE, settled, watch
from jobs.backfill import Found
from jobs.source import Record, Source, State

MOST = 10_000
"""Originals that are followed one by one; `status --count` adds up more."""


@dataclass(frozen=True)
class Arrived:
    """Originals that are in the bucket already."""

    arrived: frozenset[Source]
    failed: Mapping[Source, str]


@dataclass(frozen=True)
class Followed:
    """The ledger of a deployment, as watch.py asks for it. Only its workers know what they handed back."""

    there: Deployed

    def records(self, sources: Iterable[Source]) -> Mapping[Source, Record]:
        return self.there.aws.ledger.read_many(sources)

    def handed_back(self) -> int:
        return 0


def watching(
    prefix: Annotated[
        str,
        typer.Argument(
            metavar="[PREFIX]", callback=utf8, help="Of whole keys, such as uploads/albums/; left out: all."
        ),
    ] = "",
    stack: Stack = SAFELIGHT,
    region: Region = None,
    endpoint: Endpoint = None,
    patience: Annotated[float, typer.Option(min=1, help="Seconds of no change after which it gives up.")] = PATIENCE,
    as_json: AsJson = False,
) -> None:
    """Follow originals until each is published, rejected, deleted or dead.

    Exits with 1 if one is not published, if nothing moves any more, or if there is nothing under the prefix.
    """
    there = deployed(stack, endpoint, region)
    found = followed(there, prefix)
    if not found:
        talk.print(_nothing(there, prefix), markup=False, soft_wrap=True)
    originals = {one.source: one for one in found}
    with following() as show:
        records = watch(Followed(there), originals, Arrived(frozenset(originals), {}), show, patience=patience)
    ended = [record for record in records.values() if settled(record)]
    states = dict(Counter(str(record.state) for record in ended))
    left = len(originals) - len(ended)
    if as_json:
        typer.echo(json.dumps({"states": states, "unsettled": left}, indent=2))
    else:
        typer.echo("  ".join(f"{number:,} {state}" for state, number in states.items()) or "none")
    if not found or left or states.get(State.REJECTED) or states.get(State.DEAD):
        raise typer.Exit(Exit.FOUND)


def followed(there: Deployed, prefix: str) -> list[Found]:
    """The originals whose whole keys begin so: what lies outside the stack's own prefix is none of them."""
    own = there.settings.prefix
    if not (prefix.startswith(own) or own.startswith(prefix)):
        return []
    listing = there.aws.listings.prefix(there.settings.originals, max(own, prefix, key=len))
    found: list[Found] = []
    place: str | None = ""
    while place is not None:
        page = listing.page(place)
        found += [one for one in page.found if not one.source.key.endswith("/")]
        place = page.next
        if len(found) > MOST:
            talk.print(f"following the first {counted(MOST, 'original')}; `safelight status --count` adds up all")
            return found[:MOST]
    return found


def _nothing(there: Deployed, prefix: str) -> str:
    own = there.settings.prefix
    where = f"; the stack {there.stack} takes what is under {visible(own)}" if own else ""
    return f"there is no original under {visible(prefix or own) or there.settings.originals}{where}"
