"""Dead letters, and what is rejected or dead without a letter, back to the queue: all of it, or what is wanted.

    letters   receive ─▶ wanted? ─▶ requeue in the ledger ─▶ send ─▶ delete the letter
    faults    rejected or dead in the ledger ─▶ wanted? ─▶ requeue ─▶ send

A requeue that is refused ends nothing: the holder may have crashed, or an earlier redrive between its requeue and
its send, and the letter is all that is left of the question. It is deleted last, so a crash leaves it to the next
redrive. A crash of the second line leaves a queued source without a message: the sweep's to find.

Native redrive (StartMessageMoveTask) knows no ledger: the question comes back, is refused as already rejected, and
its letter is gone. The second line is for that, and for letters that reached the end of their fourteen days.
"""

import logging
from dataclasses import dataclass, replace

from jobs import events
from jobs.errors import Malformed
from jobs.events import ANY, Asked
from jobs.ports import DeadLetters, Ledger, Letter, Queue
from jobs.source import Record, Source, State

log = logging.getLogger(__name__)

UNANSWERED = "unanswered"
"""The reason of a letter that neither it nor the ledger gives one for: no worker lived to say why."""

FAULTS = frozenset({State.REJECTED, State.DEAD})


@dataclass(frozen=True)
class Wanted:
    """Which of them: every condition that is set must hold. `since` in epoch ms."""

    reason: str = ""
    prefix: str = ""
    since: int = 0

    def admits(self, reason: str, source: Source, at: int) -> bool:
        return self.reason in ("", reason) and source.key.startswith(self.prefix) and at >= self.since

    def admits_unread(self, reason: str, at: int) -> bool:
        """Of a letter that names no source, and so no key that could begin like this."""
        return self.reason in ("", reason) and not self.prefix and at >= self.since


ALL = Wanted()


@dataclass(frozen=True)
class Place:
    """Where a redrive stands, so that it can go on in another process.

    began         epoch ms: what fails again after this waits for the next one, else a bad image would keep it busy
    left          ids of the letters left alone: meeting one again means that the queue has been gone round
    after         None while at the letters, then the place in the index of faults
    letters_only  of a queue beside the dead letters, whose sources need not be faults
    """

    began: int
    left: frozenset[str] = frozenset()
    after: str | None = None
    letters_done: bool = False
    letters_only: bool = False


@dataclass(frozen=True)
class Step:
    """What one step did; `next` is None when that was the last. `sources` are those that were sent.

    `hidden` are the letters left alone: whoever is through puts them back, not before, or he would meet them again.
    """

    sent: int
    left: int
    next: Place | None
    sources: tuple[Source, ...] = ()
    hidden: tuple[Letter, ...] = ()


def step(
    place: Place,
    *,
    ledger: Ledger,
    queue: Queue,
    dead_letters: DeadLetters,
    now: int,
    wanted: Wanted = ALL,
    most: int | None = None,
) -> Step:
    """Redrives a few letters or a page of faults, at most `most` of them.

    Raises Retryable: the same place may be tried again.
    """
    if place.letters_done:
        return _faults(place, ledger, queue, now, wanted, most)
    fresh = [letter for letter in dead_letters.receive() if letter.id not in place.left]
    hidden, sources, sent = list[Letter](), list[Source](), 0
    for letter in fresh:
        if sent == most:
            dead_letters.put_back(letter)
        elif asked := _wanted(letter, place, wanted, ledger):
            for one in asked:
                _again(one, ledger, queue, now)
            dead_letters.delete(letter)
            sent, sources = sent + 1, sources + [one.source for one in asked]
        else:
            hidden.append(letter)
    left = place.left | {letter.id for letter in hidden}
    following = replace(place, left=left, letters_done=not fresh)
    over = place.letters_only and not fresh
    return Step(sent, len(hidden), None if over else following, tuple(sources), tuple(hidden))


def _wanted(letter: Letter, place: Place, wanted: Wanted, ledger: Ledger) -> tuple[Asked, ...]:
    """What the letter asks, if all of it is wanted. One that names no source is left where a human can read it."""
    asked = questions(letter)
    if not asked or letter.sent > place.began:
        return ()
    reason = reason_of(letter, asked, ledger) if wanted.reason else ""
    return asked if all(wanted.admits(reason, one.source, letter.sent) for one in asked) else ()


def questions(letter: Letter) -> tuple[Asked, ...]:
    """What a letter asks; nothing if nobody can read it."""
    try:
        return events.parse(letter.body)
    except Malformed as error:
        log.info("a letter without a source is left alone: %s", error)
        return ()


def reason_of(letter: Letter, asked: tuple[Asked, ...], ledger: Ledger) -> str:
    """The letter's own, or for one that SQS moved what the ledger last said of its source."""
    if letter.reason:
        return letter.reason
    records = ledger.find([one.source.id for one in asked])
    return next((record.reason for record in records.values() if record.reason), UNANSWERED)


def _faults(place: Place, ledger: Ledger, queue: Queue, now: int, wanted: Wanted, most: int | None) -> Step:
    """The same page again while `most` leaves some of it: what was sent is no fault any more."""
    page = ledger.faults(place.after)
    due = [record for record in page.records if record.state in FAULTS and record.updated <= place.began]
    matching = [record for record in due if wanted.admits(record.reason, record.source, record.updated)]
    taken = matching if most is None else matching[:most]
    for record in taken:
        _again(_question(record), ledger, queue, now)
    if len(taken) < len(matching):
        following: Place | None = place
    else:
        following = replace(place, after=page.next) if page.next else None
    sources = tuple(record.source for record in taken)
    return Step(len(taken), len(page.records) - len(matching), following, sources)


def _question(record: Record) -> Asked:
    return Asked(record.source, ANY)


def _again(asked: Asked, ledger: Ledger, queue: Queue, now: int) -> None:
    if not ledger.requeue(asked.source, now=now):
        log.info("neither rejected nor dead any more, sent all the same")
    queue.send(replace(asked, copies=0))
