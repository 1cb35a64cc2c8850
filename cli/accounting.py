"""Is every original accounted for? Published whole, or refused with its letter; everything else is a problem."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from cli.deployment import Letter
from cli.originals import Original
from jobs.catalog import Catalog
from jobs.source import Record, Source, State


def problems(
    originals: Mapping[Source, Original],
    failed: Mapping[Source, str],
    records: Mapping[Source, Record],
    letters: Sequence[Letter],
) -> tuple[str, ...]:
    """One line for each thing that does not add up; none when all is well."""
    reasons = letter_reasons(letters)
    return (
        *(
            f"{original.key}: {problem}"
            for source, original in originals.items()
            for problem in _judged(original, failed.get(source), records.get(source), reasons.get(source, frozenset()))
        ),
        *_stray(originals, records, letters),
    )


def incomplete(records: Iterable[Record], catalog: Catalog, wanted: Mapping[str, int]) -> Iterator[str]:
    """Published, but under another recipe than the current one for its key, or without all that recipe's renditions.

    `wanted`: how many renditions each recipe has, by its digest.
    """
    for record in records:
        if record.published is None:
            continue
        digest, made = catalog.digest_for(record.source.key), len(record.published.renditions)
        if record.published.digest != digest:
            yield f"{record.source.key}: was made by recipe {record.published.digest}, and {digest} is the current one"
        elif made != wanted[digest]:
            yield f"{record.source.key}: has {made} of {wanted[digest]} renditions"


def letter_reasons(letters: Iterable[Letter]) -> Mapping[Source, frozenset[str]]:
    """The reasons that the letters give for each source they ask about."""
    reasons: dict[Source, set[str]] = {}
    for letter in letters:
        for source in letter.sources:
            reasons.setdefault(source, set()).add(letter.reason)
    return {source: frozenset(those) for source, those in reasons.items()}


def _judged(original: Original, failure: str | None, record: Record | None, letters: frozenset[str]) -> Iterator[str]:
    if failure:
        yield f"was not uploaded: {failure}"
    elif record is None:
        yield "was uploaded, and the ledger has never heard of it"
    elif record.state is State.DONE:
        yield from _published(original, record)
    elif record.state is State.REJECTED:
        yield from _rejected(original, record, letters)
    elif record.state is State.DEAD:
        yield f"was given up: {record.reason}" + ("" if letters else ", and there is no letter about it")
    else:
        yield f"is still {record.state}" + (f": {record.reason}" if record.reason else "")


def _published(original: Original, record: Record) -> Iterator[str]:
    if record.published is None:
        yield "is done, and nothing of it is published"
    elif record.published.made.bytes != original.bytes:
        yield f"has {original.bytes:,} bytes, and {record.published.made.bytes:,} were read"
    if original.expected:
        yield f"should have been refused as {' or '.join(sorted(original.expected))}, and was published"


def _rejected(original: Original, record: Record, letters: frozenset[str]) -> Iterator[str]:
    if record.reason not in letters:
        others = ", ".join(sorted(letters))
        found = f"the letter about it says {others}" if others else "there is no letter about it"
        yield f"was refused as {record.reason}, but {found}"
    if original.expected is None:
        return
    if not original.expected:
        yield f"is sound, and was refused as {record.reason}: {record.detail}"
    elif record.reason not in original.expected:
        yield f"was refused as {record.reason}; the right reason is {' or '.join(sorted(original.expected))}"


def _stray(
    originals: Mapping[Source, Original], records: Mapping[Source, Record], letters: Iterable[Letter]
) -> Iterator[str]:
    for letter in letters:
        if not letter.sources:
            yield f"a dead letter that asks about nothing ({letter.reason or 'no reason given'})"
        for source in letter.sources:
            if source not in originals:
                yield f"{source.key}: there is a dead letter about it, and it was never uploaded"
            elif source in records and records[source].state is State.DONE:
                yield f"{source.key}: was published, and there is a dead letter about it"
