"""What lies in the dead letters and among the faults, looked at and left where it is; and what would become of it.

    boxes ─receive─▶ read ─put back─▶ troubles ─by reason─▶ groups
    faults of the ledger without a letter ──▲
    troubles ─preview under the current code─▶ "412 of 430 would pass"

Letters that name no source are troubles too: nothing can redrive them, so they are shown, and discarded on request
once they are written down somewhere else.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from jobs.errors import Retryable
from jobs.ports import DeadLetters, Failed, Ledger, Letter, Passed, Previewer
from jobs.redrive import ALL, FAULTS, Wanted, questions, reason_of
from jobs.source import Source

MOST_LOOKED_AT = 10_000
"""Letters that one look takes out of a box: SQS hides at most 120,000 at a time, and workers may want some."""

EXAMPLES = 3
"""Keys that are named of a group."""

SOURCELESS = "malformed"
"""The reason of a letter that nobody can read and that says none itself."""


@dataclass(frozen=True)
class Box:
    """A queue of letters. `reason` is what its letters have in common, where they say none themselves."""

    letters: DeadLetters
    reason: str = ""


@dataclass(frozen=True)
class Trouble:
    """Something that failed. `source` is None where the letter names none; `letter` where there is one. `at` in ms."""

    reason: str
    detail: str
    source: Source | None
    at: int
    letter: Letter | None = None


@dataclass(frozen=True)
class Group:
    """All troubles of one reason. `sourceless` of them cannot be redriven."""

    reason: str
    count: int
    sourceless: int
    examples: tuple[str, ...]


def look(boxes: Sequence[Box], ledger: Ledger, wanted: Wanted = ALL, most: int = MOST_LOOKED_AT) -> Iterator[Trouble]:
    """Every trouble that is wanted, each source once. Raises Retryable."""
    seen: set[Source] = set()
    for box in boxes:
        for trouble in _letters(box, ledger, most):
            if trouble.source is None:
                if wanted.admits_unread(trouble.reason, trouble.at):
                    yield trouble
            elif trouble.source not in seen and wanted.admits(trouble.reason, trouble.source, trouble.at):
                seen.add(trouble.source)
                yield trouble
    yield from (trouble for trouble in _faults(ledger, wanted) if trouble.source not in seen)


def groups(troubles: Iterable[Trouble]) -> tuple[Group, ...]:
    """By reason, the largest first."""
    by_reason: dict[str, list[Trouble]] = defaultdict(list)
    for trouble in troubles:
        by_reason[trouble.reason].append(trouble)
    found = [
        Group(
            reason,
            len(some),
            sum(one.source is None for one in some),
            tuple(one.source.key for one in some if one.source)[:EXAMPLES],
        )
        for reason, some in by_reason.items()
    ]
    return tuple(sorted(found, key=lambda group: (-group.count, group.reason)))


def discard(troubles: Iterable[Trouble], box: Box, written: Callable[[Letter], None]) -> int:
    """Removes letters without a source from their box, each after `written` has kept it. How many."""
    count = 0
    wanted = {trouble.letter.id for trouble in troubles if trouble.letter and trouble.source is None}
    for letter in _received(box.letters, len(wanted) + MOST_LOOKED_AT):
        if letter.id in wanted:
            written(letter)
            box.letters.delete(letter)
            count += 1
        else:
            box.letters.put_back(letter)
    return count


@dataclass(frozen=True)
class Verdict:
    """What would become of them under the current code: how many pass, and for the rest how many by reason."""

    would_pass: int
    would_fail: Mapping[str, int]
    unknown: int
    """Could not be tried: the world's fault, now as well."""

    @property
    def tried(self) -> int:
        return self.would_pass + sum(self.would_fail.values()) + self.unknown


Previewed = Passed | Failed | None


def try_out(
    troubles: Iterable[Trouble],
    previewer: Previewer,
    together: Callable[[Callable[[Source], Previewed], Iterable[Source]], Iterable[Previewed]] = map,
) -> Verdict:
    """Renders each source and publishes none of it. `together` maps calls, side by side where it is a pool's."""

    def one(source: Source) -> Previewed:
        try:
            return previewer.preview(source)
        except Retryable:
            return None

    passed, unknown, failed = 0, 0, dict[str, int]()
    for result in together(one, [trouble.source for trouble in troubles if trouble.source]):
        match result:
            case Passed():
                passed += 1
            case Failed(reason):
                failed[reason] = failed.get(reason, 0) + 1
            case None:
                unknown += 1
    return Verdict(passed, failed, unknown)


def _letters(box: Box, ledger: Ledger, most: int) -> Iterator[Trouble]:
    received = list(_received(box.letters, most))
    for letter in received:
        box.letters.put_back(letter)
    for letter in received:
        asked = questions(letter)
        if not asked:
            yield Trouble(letter.reason or SOURCELESS, letter.detail, None, letter.sent, letter)
        reason = box.reason or reason_of(letter, asked, ledger) if asked else ""
        for one in asked:
            yield Trouble(reason, letter.detail, one.source, letter.sent, letter)


def _received(letters: DeadLetters, most: int) -> Iterator[Letter]:
    """Each once, until the queue has been gone round."""
    seen: set[str] = set()
    while len(seen) < most:
        fresh = [letter for letter in letters.receive() if letter.id not in seen]
        if not fresh:
            return
        seen |= {letter.id for letter in fresh}
        yield from fresh


def _faults(ledger: Ledger, wanted: Wanted) -> Iterator[Trouble]:
    after: str | None = None
    while True:
        page = ledger.faults(after)
        for record in page.records:
            if record.state in FAULTS and wanted.admits(record.reason, record.source, record.updated):
                yield Trouble(record.reason, record.detail, record.source, record.updated)
        after = page.next
        if after is None:
            return
