"""Whoever is asked may say no in more ways than one."""

import io
import sys

import pytest

from cli import driving
from cli.complaint import Refused
from cli.display import Terminal


@pytest.mark.parametrize(
    ("answer", "words"), [("n\n", "^nothing was begun$"), ("", "^nothing was begun$"), (None, "say --yes to go on")]
)
def test_no_a_closed_input_and_none_at_all_are_a_refusal(
    answer: str | None, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Terminal, "is_terminal", True)
    monkeypatch.setattr(sys, "stdin", None if answer is None else io.StringIO(answer))
    with pytest.raises(Refused, match=words):
        driving.agreed({"objects": "1"}, yes=False)


def test_yes_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Terminal, "is_terminal", True)
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    driving.agreed({"objects": "1"}, yes=False)


def test_a_user_without_a_name_is_known_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> str:
        raise KeyError("getpwuid(): uid not found: 12345")

    monkeypatch.setattr(driving.getpass, "getuser", nobody)  # type: ignore[attr-defined]
    monkeypatch.setattr(driving.os, "getuid", lambda: 12345)  # type: ignore[attr-defined]
    assert driving.me().startswith("12345@")
