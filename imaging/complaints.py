"""Reading a table that people wrote: every mistake is noted with its path, and reading goes on."""

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from imaging.errors import Problem, RecipeInvalid

#: Stands where a field must be given.
REQUIRED: Any = object()


class Complaints:
    """The mistakes found so far."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def note(self, path: str, message: str) -> None:
        """One more."""
        self.problems.append(Problem(path, message))

    def settle(self) -> None:
        """Raise if there was any."""
        if self.problems:
            raise RecipeInvalid(tuple(self.problems))


class Table:
    """One table. Each reading method answers the field's value, or its default after noting what is wrong with it."""

    def __init__(self, value: object, path: str, complaints: Complaints) -> None:
        self.path = path
        self.complaints = complaints
        self.asked: list[str] = []
        self.fields: Mapping[str, Any] = value if isinstance(value, Mapping) else {}
        if not isinstance(value, Mapping):
            complaints.note(path, f"must be a table, not {kind(value)}")

    def __contains__(self, name: str) -> bool:
        return name in self.fields

    def at(self, name: str) -> str:
        """The path of a field."""
        return f"{self.path}.{name}" if self.path else name

    def note(self, name: str, message: str) -> None:
        """A mistake in a field."""
        self.complaints.note(self.at(name), message)

    def read(self, name: str, default: Any, check: Callable[[Any], str | None]) -> Any:
        """A field that `check` finds nothing wrong with; else, and when absent, the default."""
        self.asked.append(name)
        value = self.fields.get(name)
        if value is None:
            if default is REQUIRED:
                self.note(name, "is missing")
            return None if default is REQUIRED else default
        if wrong := check(value):
            self.note(name, wrong)
            return None if default is REQUIRED else default
        return value

    def text(self, name: str, pattern: str, means: str, default: Any = REQUIRED) -> Any:
        """A string that `pattern` matches in full; `means` says it in words."""
        return self.read(
            name,
            default,
            lambda value: (
                None if isinstance(value, str) and re.fullmatch(pattern, value, re.DOTALL) else f"must be {means}"
            ),
        )

    def whole(self, name: str, low: int, high: int, default: Any = REQUIRED) -> Any:
        """A whole number from `low` to `high`."""
        return self.read(name, default, lambda value: out_of_range(value, low, high, (int,), "a whole number"))

    def number(self, name: str, low: float, high: float, default: Any = REQUIRED) -> Any:
        """A number from `low` to `high`, as a float however it was written."""
        value = self.read(name, default, lambda value: out_of_range(value, low, high, (int, float), "a number"))
        return float(value) if isinstance(value, int) else value

    def flag(self, name: str, default: bool) -> bool:
        """True or false."""
        answer: bool = self.read(
            name,
            default,
            lambda value: None if isinstance(value, bool) else f"must be true or false, not {kind(value)}",
        )
        return answer

    def choice(self, name: str, among: Iterable[str], default: Any = REQUIRED) -> Any:
        """One of a few words."""
        words = list(among)
        return self.read(name, default, lambda value: None if value in words else unlike(value, words))

    def tables(self, name: str, low: int, high: int) -> "list[Table]":
        """An array of `low` to `high` tables."""
        entries = self.read(
            name,
            REQUIRED,
            lambda value: None if isinstance(value, list) else f"must be an array of tables, not {kind(value)}",
        )
        if entries is None:
            return []
        if not low <= len(entries) <= high:
            self.note(name, f"must hold {low} to {high} entries, not {len(entries)}")
        return [Table(each, f"{self.at(name)}[{index}]", self.complaints) for index, each in enumerate(entries[:high])]

    def words(self, name: str, among: Iterable[str]) -> tuple[str, ...]:
        """An array of different words, each one of a few, in the order of those few."""
        known = list(among)
        given = self.read(name, [], lambda value: None if isinstance(value, list | tuple) else "must be an array")
        for index, word in enumerate(given):
            if word not in known:
                self.note(f"{name}[{index}]", unlike(word, known))
        return tuple(word for word in known if word in given)

    def table(self, name: str) -> "Table | None":
        """A table inside, if it is there."""
        self.asked.append(name)
        value = self.fields.get(name)
        return None if value is None else Table(value, self.at(name), self.complaints)

    def done(self) -> None:
        """Note every field that nobody asked for, with the name it was perhaps meant to be."""
        for name in self.fields:
            if name not in self.asked:
                self.note(name, f"is not a field here{meant(name, self.asked)}")


def kind(value: object) -> str:
    """What a value is, in the words of TOML."""
    names = {bool: "a boolean", int: "an integer", float: "a float", str: "a string", list: "an array", dict: "a table"}
    return names.get(type(value), type(value).__name__)


def out_of_range(value: object, low: float, high: float, types: tuple[type, ...], what: str) -> str | None:
    """What is wrong with a number, if anything. Booleans are no numbers; NaN is in no range."""
    if isinstance(value, bool) or not isinstance(value, types):
        return f"must be {what} from {low} to {high}, not {kind(value)}"
    return None if isinstance(value, int | float) and low <= value <= high else f"must be {low} to {high}, not {value}"


def unlike(value: object, known: list[str]) -> str:
    """That a value is not one of the known words, which those are, and which it is near to."""
    shown = repr(value) if isinstance(value, str) else kind(value)
    return f"must be one of {', '.join(known)}, not {shown}{meant(value, known)}"


def meant(value: object, known: Iterable[str]) -> str:
    """The question whether a known word was meant, if one is near."""
    near = difflib.get_close_matches(str(value), list(known), n=1, cutoff=0.6)
    return f": did you mean {near[0]!r}?" if near else ""
