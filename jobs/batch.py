"""A batch: many messages, each with one question or several, about sources of which some appear twice.

    messages ──read──▶ parts ──group by source──▶ works ──process──▶ verdicts ──▶ one verdict a message
                └─ malformed, foreign ─▶ letter                         └─ untried on the last receive ─▶ copy

Questions about one source are one piece of work, so two never run at once. Works run side by side; one whose
source was claimed before and never settled is a suspect, and runs alone after all others have settled.
"""

import logging
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from jobs import events
from jobs.errors import Foreign, Malformed, Retryable
from jobs.events import Asked
from jobs.process import Acknowledge, Retry, Verdict, Work, World, back_off, process
from jobs.source import Source

log = logging.getLogger(__name__)

MOST_COPIES = 1000
"""How often a question may be copied untried before it is left to the dead-letter queue."""

LEAST_TIME = 45.0
"""Seconds that must be left for a work to be started: a claim, a fetch, a render and the puts, all of them slow."""


@dataclass(frozen=True)
class Message:
    """A message as the queue handed it over. `receives` counts this receive too."""

    id: str
    body: str
    receives: int = 1


@dataclass(frozen=True)
class Rules:
    """What bounds a batch: the only bucket and prefix that are looked at, the queue's receives, and threads."""

    bucket: str
    prefix: str
    max_receives: int
    side_by_side: int


@dataclass(frozen=True)
class Part:
    """One question of one message."""

    message: Message
    asked: Asked


def run(messages: Sequence[Message], world: World, rules: Rules, *, deadline: float) -> Mapping[str, Verdict]:
    """A verdict for each message id. `deadline` in epoch seconds: what cannot finish by then is handed back."""
    verdicts: dict[str, list[Verdict]] = defaultdict(list)
    parts: list[Part] = []
    for message in messages:
        try:
            asked = events.parse(message.body)
        except Malformed as error:
            verdicts[message.id].append(_letter(message, message.body, error, world))
            continue
        for one in asked:
            if foreign := _foreign(one.source, rules):
                body = message.body if len(asked) == 1 else events.message(one)
                verdicts[message.id].append(_letter(message, body, foreign, world))
            elif not one.source.key.endswith("/"):  # a folder's marker is not an image
                parts.append(Part(message, one))
    for group, verdict in _worked(_by_source(parts), world, rules, deadline):
        for part in group:
            verdicts[part.message.id].append(_answer(part, verdict, world, rules))
    return {message.id: _fold(verdicts[message.id]) for message in messages}


def _foreign(source: Source, rules: Rules) -> Foreign | None:
    if source.bucket == rules.bucket and source.key.startswith(rules.prefix):
        return None
    return Foreign(f"{source.bucket!r} is not the bucket of originals, or the key is not under its prefix")


def _letter(message: Message, body: str, error: Malformed | Foreign, world: World) -> Verdict:
    """It would fail the same way each time: it goes to the dead letters before it is acknowledged.

    A message as it came; of one that asks about several sources, only what is foreign.
    """
    reason = type(error).__name__.lower()
    log.warning("%s message: %s", reason, error)
    try:
        world.dead_letters.send(body, reason=reason, detail=str(error))
    except Retryable as failure:
        return Retry(back_off(message.receives), failure.reason)
    return Acknowledge(reason)


def _by_source(parts: Iterable[Part]) -> list[list[Part]]:
    groups: dict[Source, list[Part]] = defaultdict(list)
    for part in parts:
        groups[part.asked.source].append(part)
    return list(groups.values())


def _worked(
    groups: list[list[Part]], world: World, rules: Rules, deadline: float
) -> Iterator[tuple[list[Part], Verdict]]:
    def work(group: list[Part]) -> tuple[list[Part], Verdict]:
        return group, _work(group, world, rules, deadline, share=1 / len(groups))

    suspects = [group for group in groups if _suspect(group, world)]
    with ThreadPoolExecutor(max_workers=rules.side_by_side, thread_name_prefix="work") as pool:
        yield from pool.map(work, [group for group in groups if group not in suspects])
    yield from map(work, suspects)


def _suspect(group: list[Part], world: World) -> bool:
    """Only a message that was received before can be about a claim that never settled: most cost no read."""
    if all(part.message.receives == 1 for part in group):
        return False
    try:
        record = world.ledger.read(group[0].asked.source)
    except Exception:  # whatever it is, the claim will meet it again, and answer for this source alone
        log.exception("no look at a suspect")
        return False
    return record is not None and record.attempts > 0


def _work(group: list[Part], world: World, rules: Rules, deadline: float, share: float) -> Verdict:
    receives = max(part.message.receives for part in group)
    if deadline - world.clock() < LEAST_TIME:
        return Retry(random.uniform(1, 5), "out-of-time", untried=True)  # noqa: S311
    work = Work(
        source=group[0].asked.source,
        asked=tuple(part.asked for part in group),
        receives=receives,
        last_receive=receives >= rules.max_receives,
        share=share,
    )
    with world.about(work.source, [part.message.id for part in group]):
        verdict = process(work, world, deadline=deadline)
        log.info("%s", verdict.outcome if isinstance(verdict, Acknowledge) else f"retry: {verdict.reason}")
    return verdict


def _answer(part: Part, verdict: Verdict, world: World, rules: Rules) -> Verdict:
    """SQS counted this receive before anyone tried: on the last one, a copy is queued in the message's place."""
    untried = isinstance(verdict, Retry) and verdict.untried
    if not untried or part.message.receives < rules.max_receives or part.asked.copies >= MOST_COPIES:
        return verdict
    try:
        world.queue.send(replace(part.asked, copies=part.asked.copies + 1), delay=_delay(verdict))
    except Retryable as error:
        log.warning("no copy could be queued: %s", error)
        return verdict
    return Acknowledge("copied")


def _delay(verdict: Verdict) -> int:
    return round(min(verdict.seconds, 900)) if isinstance(verdict, Retry) else 0


def _fold(verdicts: list[Verdict]) -> Verdict:
    """A message is acknowledged only if each of its questions is; else it waits as long as the slowest needs."""
    retries = [verdict for verdict in verdicts if isinstance(verdict, Retry)]
    if retries:
        return max(retries, key=lambda verdict: verdict.seconds)
    return verdicts[0] if verdicts else Acknowledge("nothing-asked")
