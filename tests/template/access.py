"""docs/access.md: its tables, made from the template.

python -m tests.template.access          writes the page anew
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.template.transformed import VARIANTS, actions, listed, resources, statements

PAGE = Path(__file__).parent.parent.parent / "docs" / "access.md"

BEGIN, END = "<!-- from here on made by `make access` -->", "<!-- until here -->"

EVERYTHING = "*every resource*"
"""Where AWS grants an action on one resource in no other way."""


def tables() -> str:
    """What stands between the two marks."""
    return "\n\n".join([_roles(), _services()]) + "\n"


def page(text: str) -> str:
    """`text` with its tables made anew."""
    before, _, rest = text.partition(BEGIN)
    return f"{before}{BEGIN}\n\n{tables()}\n{END}{rest.partition(END)[2]}"


def _roles() -> str:
    """Role by role, what it may do, and to what; behind it what a parameter adds."""
    known: dict[tuple[str, ...], list[str]] = defaultdict(list)
    rows: list[tuple[str, ...]] = []
    for variant, parameters in VARIANTS.items():
        for (role, target, only_if), does in _reach(parameters).items():
            if new := [action for action in does if action not in known[role, target, only_if]]:
                rows.append((role, target, _codes(new), only_if, variant if parameters else ""))
                known[role, target, only_if] += new
    return _table(("role", "reaches", "to do", "only if", "with"), rows)


def _reach(parameters: Mapping[str, str]) -> dict[tuple[str, str, str], list[str]]:
    """The actions of each role, by what they reach and on which conditions."""
    found: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    roles = resources("AWS::IAM::Role", **parameters)
    for name, statement in statements(**parameters):
        if name in roles and "Resource" in statement:
            for target in listed(statement["Resource"]):
                found[f"`{name}`", _told(target), _conditions(statement)] += actions(statement)
    return found


def _services() -> str:
    """What policies of resources admit, with every parameter's."""
    rows: list[tuple[str, ...]] = []
    for parameters in VARIANTS.values():
        rows += [row for row in _admitted(parameters) if row not in rows]
    return _table(("resource", "admits", "to do", "only if"), rows)


def _admitted(parameters: Mapping[str, str]) -> Iterator[tuple[str, ...]]:
    roles = resources("AWS::IAM::Role", **parameters)
    for name, statement in statements(**parameters):
        if name not in roles and statement["Effect"] == "Allow":
            yield f"`{name}`", _told(statement["Principal"]), _codes(actions(statement)), _conditions(statement)


def _conditions(statement: Mapping[str, Any]) -> str:
    tests = [test for tests in statement.get("Condition", {}).values() for test in tests.items()]
    return "<br>".join(f"{key} is {_told(value)}" for key, value in tests)


def _told(said: Any) -> str:
    """A principal or a resource in as few words as say it."""
    match said:
        case "*":
            return EVERYTHING
        case {"Ref": "AWS::AccountId"}:
            return "this account"
        case {"AWS": {"Fn::Sub": str(root)}} if root.endswith(":root"):
            return "the account, by its own policies"
        case {"Service": inner}:
            return _told(inner)
        case {"Ref": name} | {"Fn::GetAtt": [name, "Arn"]}:
            return f"`{name}`"
        case {"Fn::GetAtt": [name, attribute]}:
            return f"`{name}.{attribute}`"
        case {"Fn::Sub": [str(text), {"Bucket": {"Ref": bucket}}]}:
            return f"`{_short(text.replace('${Bucket}', bucket))}`"
        case {"Fn::Sub": str(text)}:
            return f"`{_short(text)}`"
        case str(text):
            return f"`{text}`"
        case [*several]:
            return ", ".join(map(_told, several))
    raise ValueError(f"not a form that is told here: {said}")


def _short(text: str) -> str:
    """An ARN's last part: partition, region and account are always the stack's own."""
    return text.rpartition("${AWS::AccountId}:")[2].rpartition(":::")[2].replace(".Arn}", "}").replace("AWS::", "")


def _codes(words: list[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ("---",) * len(head), *rows))


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text()))
