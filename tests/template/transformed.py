"""template.yaml after SAM's transform, as CloudFormation would get it, and ways to look at it."""

import os
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any
from unittest.mock import patch

from samtranslator.translator.transform import transform

from local.template import Names, defaults, load


class NoManagedPolicies:
    """SAM asks for AWS's managed policies by name; a template that writes its own permissions needs none."""

    def load(self) -> dict[str, str]:
        return {}


@cache
def template() -> dict[str, Any]:
    """With every condition still in it."""
    with patch.dict(os.environ, {"AWS_DEFAULT_REGION": "us-east-1"}):
        document: dict[str, Any] = transform(load(), {}, NoManagedPolicies())
    return document


def resources(kind: str | None = None, /, **parameters: str) -> dict[str, dict[str, Any]]:
    """The resources that these parameters make, by logical id; of one type, where it is given."""
    names = Names({**defaults(template()), **parameters}, lambda *_: "", template()["Conditions"])
    return {
        name: facts
        for name, facts in template()["Resources"].items()
        if kind in (None, facts["Type"])
        and ("Condition" not in facts or names.holds({"Condition": facts["Condition"]}))
    }


def properties(name: str) -> dict[str, Any]:
    """What the template says of one resource."""
    said: dict[str, Any] = template()["Resources"][name]["Properties"]
    return said


def statements() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every statement of every policy, with the logical id of the resource that it stands in."""
    for name, facts in template()["Resources"].items():
        for document in _documents(facts["Properties"]):
            for statement in document["Statement"]:
                yield name, statement


def _documents(value: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, dict):
        if "Statement" in value:
            yield value
        for inner in value.values():
            yield from _documents(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _documents(inner)


def actions(statement: Mapping[str, Any]) -> list[str]:
    """A statement's actions; one alone may be written without a list."""
    said = statement["Action"]
    return [said] if isinstance(said, str) else list(said)
