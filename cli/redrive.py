"""`safelight redrive`: what failed, back to the queue: looked at by reason, tried out, and sent in waves."""

import re
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from cli import discard as discarding
from cli.complaint import Complaint
from cli.deployed import SAFELIGHT, AsJson, Deployed, Endpoint, Region, Stack, Yes, deployed
from cli.display import talk
from cli.driving import agreed, answer, me
from cli.exits import Exit
from cli.text import counted, visible
from jobs import letters, waves
from jobs.letters import Box, Group, Trouble, Verdict
from jobs.redrive import Wanted
from jobs.waves import Ended, Pace, Wave

UNDELIVERED = "undelivered"
"""The reason of what the topic could not hand to the queue."""

AT_ONCE = 8
"""Previews side by side."""

AGES = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
USUAL = Pace()


def redrive(
    reason: Annotated[str, typer.Option(help="Only what failed for this reason.")] = "",
    prefix: Annotated[str, typer.Option(help="Only keys that begin so.")] = "",
    since: Annotated[
        str, typer.Option(metavar="AGE|TIME", help="Only what failed in the last 90m, 6h or 2d, or after an ISO time.")
    ] = "",
    most: Annotated[int | None, typer.Option("--max", min=1, help="No more than so many.")] = None,
    why: Annotated[str, typer.Option(help="Kept in the ledger beside who and when.")] = "",
    stack: Stack = SAFELIGHT,
    region: Region = None,
    endpoint: Endpoint = None,
    canary: Annotated[int, typer.Option(min=1, help="The first wave; each next one is twice as large.")] = USUAL.canary,
    per_second: Annotated[float, typer.Option(min=0.1, help="Messages a second, at most.")] = USUAL.per_second,
    may_fail: Annotated[
        float, typer.Option(min=0, max=1, help="The share of a wave that may fail again.")
    ] = USUAL.may_fail,
    patience: Annotated[float, typer.Option(min=1, help="Seconds to wait for a wave.")] = USUAL.patience,
    discard: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Add letters without a source to FILE, a line each, and remove them."),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Try each out under the current code; send, publish and remove nothing."),
    ] = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Send what is rejected or dead back to the queue: a few first, then more, none once failures are back.

    Groups letters and the ledger's own faults by reason, and asks before it sends or removes. Only what matches
    moves. A redrive that is stopped at any point loses nothing: the same command goes on with what is left. Exits with
    1 if something failed again, with 4 if it stopped itself or was paused or cancelled.
    """
    there = deployed(stack, endpoint, region)
    wanted = Wanted(reason, prefix, _since(since, time.time()))
    boxes = _boxes(there)
    found = list(letters.look(boxes, there.aws.ledger, wanted))
    grouped = letters.groups(found)
    if discard:
        unread = [trouble for trouble in found if trouble.source is None][:most]
        discarding.discard(unread, boxes, discard, dry_run=dry_run, yes=yes, as_json=as_json)
        return
    if dry_run:
        _dry_run(there, found[:most], grouped, as_json=as_json)
        return
    if not any(trouble.source for trouble in found):
        answer({"groups": [asdict(group) for group in grouped], "sent": 0}, "nothing to redrive", as_json=as_json)
        return
    agreed(_plan(grouped, found, most), yes=yes)
    pace = replace(USUAL, canary=canary, per_second=per_second, may_fail=may_fail, patience=patience, most=most)
    ended = waves.run(
        wanted,
        pace,
        by=me(),
        why=why,
        ledger=there.aws.ledger,
        queue=there.aws.queue,
        boxes=boxes,
        runs=there.aws.runs,
        show=_wave,
    )
    _end(ended, as_json=as_json)


def _boxes(there: Deployed) -> list[Box]:
    undelivered = [Box(there.aws.undelivered, UNDELIVERED)] if there.aws.undelivered else []
    return [Box(there.aws.dead_letters), *undelivered]


def _since(text: str, now: float) -> int:
    """Epoch ms; 0 for no text. Raises Complaint."""
    if not text:
        return 0
    if age := re.fullmatch(r"(\d+)([smhd])", text):
        return round((now - int(age[1]) * AGES[age[2]]) * 1000)
    try:
        then = datetime.fromisoformat(text)
    except ValueError:
        raise Complaint(f"--since {text}: say an age like 90m, 6h or 2d, or a time like 2026-11-25T20:00") from None
    return round((then if then.tzinfo else then.replace(tzinfo=UTC)).timestamp() * 1000)


def _plan(grouped: tuple[Group, ...], found: list[Trouble], most: int | None) -> dict[str, str]:
    sources = sum(trouble.source is not None for trouble in found)
    sent = sources if most is None else min(most, sources)
    return {group.reason: _line(group) for group in grouped} | {"to redrive": counted(sent, "original")}


def _line(group: Group) -> str:
    sourceless = f", {group.sourceless:,} without a source: --discard FILE" if group.sourceless else ""
    keys = f": {', '.join(map(visible, group.examples))}" if group.examples else ""
    return f"{group.count:,}{sourceless}{keys}"


def _dry_run(there: Deployed, found: list[Trouble], grouped: tuple[Group, ...], *, as_json: bool) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        verdict = letters.try_out(found, there.aws.previewer, pool.map)
    data = {
        "groups": [asdict(group) for group in grouped],
        "would_pass": verdict.would_pass,
        "would_fail": verdict.would_fail,
        "unknown": verdict.unknown,
    }
    lines = [f"{group.reason}: {_line(group)}" for group in grouped]
    answer(data, "\n".join([*lines, _said(verdict)]), as_json=as_json)
    if verdict.would_pass < verdict.tried:
        raise typer.Exit(Exit.FOUND)


def _said(verdict: Verdict) -> str:
    """ "412 of 430 would pass; 17 truncated, 1 not to be had now"."""
    rest = [f"{count:,} {reason}" for reason, count in verdict.would_fail.items()]
    rest += [f"{verdict.unknown:,} not to be had now"] if verdict.unknown else []
    return f"{verdict.would_pass:,} of {verdict.tried:,} would pass" + (f"; {', '.join(rest)}" if rest else "")


def _wave(wave: Wave) -> None:
    unsettled = f", {wave.unsettled:,} not settled yet" if wave.unsettled else ""
    talk.print(f"{wave.sent:,} sent: {wave.passed:,} passed, {wave.failed:,} failed again{unsettled}")


def _end(ended: Ended, *, as_json: bool) -> None:
    data = {
        "run": ended.run,
        "sent": ended.sent,
        "passed": ended.passed,
        "failed": ended.failed,
        "stopped": ended.stopped,
    }
    stopped = f"; stopped: {ended.stopped}" if ended.stopped else ""
    answer(
        data,
        f"{ended.run}: {ended.sent:,} redriven, {ended.passed:,} passed, {ended.failed:,} failed again{stopped}",
        as_json=as_json,
    )
    if ended.stopped:
        raise typer.Exit(Exit.STOPPED)
    if ended.passed < ended.sent:
        raise typer.Exit(Exit.FOUND)
