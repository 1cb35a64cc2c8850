"""Dead letters, and what is rejected or dead without a letter, back to the queue.

    letters   receive ─▶ requeue in the ledger ─▶ send ─▶ delete the letter
    faults    rejected or dead in the ledger ─▶ requeue ─▶ send

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
from jobs.source import Record

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Place:
    """Where a redrive stands, so that it can go on in another process.

    began  epoch ms: what fails again after this waits for the next redrive, else one bad image would keep it busy
    left   ids of the letters left alone: meeting one again means that the queue has been gone round
    after  None while at the letters, then the place in the index of faults
    """

    began: int
    left: frozenset[str] = frozenset()
    after: str | None = None
    letters_done: bool = False


@dataclass(frozen=True)
class Step:
    """What one step did; `next` is None when that was the last."""

    sent: int
    left: int
    next: Place | None


def step(place: Place, *, ledger: Ledger, queue: Queue, dead_letters: DeadLetters, now: int) -> Step:
    """Redrives a few letters or a page of faults. Raises Retryable: the same place may be tried again."""
    if place.letters_done:
        return _faults(place, ledger, queue, now)
    letters = dead_letters.receive()
    fresh = [letter for letter in letters if letter.id not in place.left]
    left = place.left | {letter.id for letter in fresh if not _letter(letter, place, ledger, queue, dead_letters, now)}
    sent = len(fresh) - len(left - place.left)
    return Step(sent, len(left - place.left), replace(place, left=left, letters_done=not fresh))


def _letter(letter: Letter, place: Place, ledger: Ledger, queue: Queue, dead_letters: DeadLetters, now: int) -> bool:
    """Whether the letter was redriven. One that names no source is left where a human can read it."""
    questions = _questions(letter)
    if not questions or letter.sent > place.began:
        return False
    for asked in questions:
        _again(asked, ledger, queue, now)
    dead_letters.delete(letter)
    return True


def _questions(letter: Letter) -> tuple[Asked, ...]:
    try:
        return events.parse(letter.body)
    except Malformed as error:
        log.info("a letter without a source is left alone: %s", error)
        return ()


def _faults(place: Place, ledger: Ledger, queue: Queue, now: int) -> Step:
    page = ledger.faults(place.after)
    before = [record for record in page.records if record.updated <= place.began]
    for record in before:
        _again(_question(record), ledger, queue, now)
    return Step(len(before), len(page.records) - len(before), replace(place, after=page.next) if page.next else None)


def _question(record: Record) -> Asked:
    return Asked(record.source, ANY)


def _again(asked: Asked, ledger: Ledger, queue: Queue, now: int) -> None:
    if not ledger.requeue(asked.source, now=now):
        log.info("neither rejected nor dead any more, sent all the same")
    queue.send(replace(asked, copies=0))
