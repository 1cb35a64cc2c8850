"""Broken protocols: each is the real code with a few words changed, and each must be found out.

They are those of which the model's author says that the model catches them; see tests/protocol/. What a mutant
changes is looked up in the source, so one whose words are gone is an error, not a success.
"""

import inspect
import textwrap
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import pytest

from jobs import keys, process, redrive, reprocess
from jobs.events import parse
from jobs.process import Work, World
from jobs.source import Record, State
from local.simulator import ledger
from local.simulator.ledger import Ledger


@dataclass(frozen=True)
class Mutant:
    """`function` of `where`, with each text of `changes` replaced by the next; `helps` are names that it may use.

    `by` is the family of cases that is searched first.
    """

    name: str
    by: str
    where: Any
    function: str
    changes: tuple[tuple[str, str], ...]
    helps: dict[str, Any] = field(default_factory=dict)

    def apply(self, monkeypatch: pytest.MonkeyPatch) -> None:
        original = getattr(self.where, self.function)
        source = textwrap.dedent(inspect.getsource(original))
        for old, new in self.changes:
            assert source.count(old) == 1, f"{self.function} does not say {old!r} once"
            source = source.replace(old, new)
        made: dict[str, Any] = {}
        exec(compile(source, f"<{self.name}>", "exec"), {**original.__globals__, **self.helps}, made)
        monkeypatch.setattr(self.where, self.function, made[self.function])


class _Unput:
    """Renditions that are put later, or never."""

    def put(self, *_: object) -> None: ...


def _without_puts(world: World) -> World:
    return replace(world, renditions=_Unput())  # type: ignore[arg-type]


def _acknowledge(work: Work, world: World) -> None:
    """The message under work leaves the queue now."""
    sqs = world.queue.sqs  # type: ignore[attr-defined]
    for message in list(sqs.messages):
        if message.receives and set(parse(message.body)) & set(work.asked):
            sqs.delete(message.receipt)


def _forget_renditions(record: Record, world: World) -> None:
    """What a deletion must not do: the same keys may be in use again by now."""
    for stored in record.published.renditions if record.published else ():
        assert record.published
        key = keys.rendition_key(record.source, record.published, stored)
        renditions: Any = world.renditions
        renditions._gate("renditions.delete", partial(renditions.objects.pop, key, None))


def _answers_in_any_state(old: Record, etag: str, digest: str) -> bool:
    known = [known for known in (old.published, old.rejected) if known]
    return any(ledger._same(each, etag, digest) for each in known) or (
        old.state is State.DELETED and ledger._answered(old, etag, digest)
    )


ANSWERED = "old.state not in RESTING or not _answered(old, etag, digest)"
LEASED = """    if old.leased(now):
        return Leased(old.lease_until)
"""

MUTANTS = (
    Mutant(
        "no fence when settling",
        "walks",
        Ledger,
        "_settle",
        (("old.state is State.PROCESSING and old.fence == claim.fence", "old.state is State.PROCESSING"),),
    ),
    Mutant("no lease", "bursts", ledger, "_refused", (("old.leased(now)", "False"),)),
    Mutant(
        "published before the renditions are put",
        "crashes",
        process,
        "_render",
        (
            ("rendered, world)", "rendered, _without_puts(world))"),
            (
                "world.ledger.publish(record, published, now=_now(world))",
                "world.ledger.publish(record, published, now=_now(world)); "
                "_put(work.source, content, digest, recipe, rendered, world)",
            ),
        ),
        {"_without_puts": _without_puts},
    ),
    Mutant(
        "acknowledged before published",
        "redrives",
        process,
        "_render",
        (("world.ledger.publish(", "_acknowledge(work, world); world.ledger.publish("),),
        {"_acknowledge": _acknowledge},
    ),
    Mutant(
        "not modified, whatever the digest",
        "crashes",
        process,
        "_settle",
        (("published and published.digest == digest", "published"),),
    ),
    Mutant(
        "finished in any state",
        "pairs",
        ledger,
        "_refused",
        ((ANSWERED, "not _answers_in_any_state(old, etag, digest)"),),
        {"_answers_in_any_state": _answers_in_any_state},
    ),
    Mutant(
        "finished in any state, before the lease",
        "pairs",
        ledger,
        "_refused",
        (
            (LEASED, ""),
            (
                f"    if etag is None or {ANSWERED}:\n        return None\n",
                "    if etag is None or not _answers_in_any_state(old, etag, digest):\n"
                "        return Leased(old.lease_until) if old.leased(now) else None\n",
            ),
        ),
        {"_answers_in_any_state": _answers_in_any_state},
    ),
    Mutant(
        "catalog read before the claim",
        "crashes",
        process,
        "_settle",
        (("world.catalog.fresh()", "world.catalog.cached()"),),
    ),
    Mutant(
        "only the published are reprocessed",
        "walks",
        reprocess,
        "step",
        (("if not _rests(record, catalog)", "if record.published and not _rests(record, catalog)"),),
    ),
    Mutant("reprocessed without a revision", "crashes", reprocess, "step", ((", ANY, catalog.revision)", ", ANY)"),)),
    Mutant(
        "told is not asked for",
        "crashes",
        ledger,
        "_refused",
        (
            (
                "return Untold(old) if old.state is State.REJECTED and not old.told else Finished(old)",
                "return Finished(old)",
            ),
        ),
    ),
    Mutant("told without the fence", "pairs", Ledger, "told", ((" and old.fence == record.fence", ""),)),
    Mutant(
        "redrive whatever the state",
        "redrives",
        Ledger,
        "requeue",
        (("old.state not in (State.REJECTED, State.DEAD)", "old.source not in self.records"),),
    ),
    Mutant(
        "redrive stops when refused",
        "redrives",
        redrive,
        "step",
        (
            (
                "                _again(one, ledger, queue, now)\n            dead_letters.delete(letter)\n",
                "                if ledger.requeue(one.source, now=now):\n                    queue.send(one)\n"
                "                    dead_letters.delete(letter)\n",
            ),
        ),
    ),
    Mutant(
        "renditions deleted after a deletion",
        "pairs",
        process,
        "_settle",
        (
            (
                "world.ledger.deleted(record, revision=catalog.revision, now=_now(world))",
                "world.ledger.deleted(record, revision=catalog.revision, now=_now(world)); "
                "_forget_renditions(record, world)",
            ),
        ),
        {"_forget_renditions": _forget_renditions},
    ),
)
