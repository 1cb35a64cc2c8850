"""Whatever does not add up is said; what does, is not."""

from dataclasses import replace

import pytest

from cli.accounting import incomplete, problems
from cli.deployment import Letter
from cli.originals import SOUND, Original
from imaging.recipe import digest
from jobs.source import Record, State
from tests.cli.runs import CATALOG, RECIPE, done, letter, original, rejected, source

WANTED = {digest(RECIPE): 2}


def said(one: Original, record: Record | None = None, *letters: Letter, failed: str = "") -> tuple[str, ...]:
    place = source(one.key)
    records = {place: record} if record else {}
    return problems({place: one}, {place: failed} if failed else {}, records, letters)


def test_a_published_original_is_accounted_for() -> None:
    assert said(original("a.jpg"), done("a.jpg")) == ()


def test_a_refused_original_with_its_letter_is_accounted_for() -> None:
    assert said(original("a.jpg"), rejected("a.jpg"), letter("a.jpg")) == ()


@pytest.mark.parametrize("state", [State.QUEUED, State.PROCESSING, State.DELETED])
def test_an_original_that_is_not_settled_is_not_accounted_for(state: State) -> None:
    record = Record(source("a.jpg"), state, reason="throttled")
    assert said(original("a.jpg"), record) == (f"a.jpg: is still {state}: throttled",)


def test_an_original_that_the_ledger_never_saw_is_not_accounted_for() -> None:
    assert said(original("a.jpg")) == ("a.jpg: was uploaded, and the ledger has never heard of it",)


def test_an_original_that_was_not_uploaded_is_not_accounted_for() -> None:
    assert said(original("a.jpg"), failed="unreachable") == ("a.jpg: was not uploaded: unreachable",)


def test_a_source_given_up_is_a_problem_even_with_its_letter() -> None:
    dead = Record(source("a.jpg"), State.DEAD, reason="throttled")
    assert said(original("a.jpg"), dead, letter("a.jpg", "")) == ("a.jpg: was given up: throttled",)
    assert said(original("a.jpg"), dead) == ("a.jpg: was given up: throttled, and there is no letter about it",)


def test_a_refusal_without_a_letter_is_a_problem() -> None:
    assert said(original("a.jpg"), rejected("a.jpg")) == (
        "a.jpg: was refused as corrupt, but there is no letter about it",
    )


def test_a_letter_that_gives_another_reason_is_a_problem() -> None:
    assert said(original("a.jpg"), rejected("a.jpg"), letter("a.jpg", "empty")) == (
        "a.jpg: was refused as corrupt, but the letter about it says empty",
    )


def test_other_bytes_than_were_uploaded_are_a_problem() -> None:
    assert said(original("a.jpg", size=999), done("a.jpg")) == ("a.jpg: has 999 bytes, and 1,000 were read",)


def test_a_planted_original_must_be_refused_for_the_right_reason() -> None:
    planted = original("a.jpg", frozenset({"empty"}))
    assert said(planted, rejected("a.jpg", "empty"), letter("a.jpg", "empty")) == ()
    assert said(planted, rejected("a.jpg"), letter("a.jpg")) == (
        "a.jpg: was refused as corrupt; the right reason is empty",
    )
    assert said(planted, done("a.jpg")) == ("a.jpg: should have been refused as empty, and was published",)


def test_a_sound_original_must_be_published() -> None:
    assert said(original("a.jpg", SOUND), done("a.jpg")) == ()
    assert said(original("a.jpg", SOUND), rejected("a.jpg"), letter("a.jpg")) == (
        "a.jpg: is sound, and was refused as corrupt: it broke",
    )


def test_a_letter_about_nothing_that_was_uploaded_is_a_problem() -> None:
    assert said(original("a.jpg"), done("a.jpg"), letter("b.jpg")) == (
        "b.jpg: there is a dead letter about it, and it was never uploaded",
    )
    assert said(original("a.jpg"), done("a.jpg"), Letter((), "malformed")) == (
        "a dead letter that asks about nothing (malformed)",
    )


def test_a_letter_about_what_was_published_is_a_problem() -> None:
    assert said(original("a.jpg"), done("a.jpg"), letter("a.jpg")) == (
        "a.jpg: was published, and there is a dead letter about it",
    )


def test_two_letters_about_one_refusal_do_no_harm() -> None:
    assert said(original("a.jpg"), rejected("a.jpg"), letter("a.jpg"), letter("a.jpg")) == ()


def test_everything_published_by_the_current_recipe_is_complete() -> None:
    assert list(incomplete([done("a.jpg"), rejected("b.jpg")], CATALOG, WANTED)) == []


def test_a_missing_rendition_is_a_problem() -> None:
    record = done("a.jpg")
    assert record.published
    short = replace(record, published=replace(record.published, renditions=record.published.renditions[:1]))
    assert list(incomplete([short], CATALOG, WANTED)) == ["a.jpg: has 1 of 2 renditions"]


def test_renditions_of_an_old_recipe_are_a_problem() -> None:
    record = done("a.jpg")
    assert record.published
    old = replace(record, published=replace(record.published, digest="0" * 32))
    assert list(incomplete([old], CATALOG, WANTED)) == [
        f"a.jpg: was made by recipe {'0' * 32}, and {digest(RECIPE)} is the current one"
    ]
