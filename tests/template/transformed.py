"""template.yaml after SAM's transform, as CloudFormation would get it, and ways to look at it."""

import os
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any
from unittest.mock import patch

from samtranslator.translator.transform import transform

from local.template import NO_VALUE, Names, defaults, load

KEY_ARN = "arn:aws:kms:us-east-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef"

VARIANTS: Mapping[str, Mapping[str, str]] = {
    "default": {},
    "a prefix": {"OriginalsPrefix": "uploads/"},
    "an existing bucket": {"ExistingOriginals": "our-photos", "OriginalsPrefix": "uploads/"},
    "an existing bucket with its key": {"ExistingOriginals": "our-photos", "ExistingOriginalsKey": KEY_ARN},
    "an existing key": {"ExistingKey": KEY_ARN},
    "browsers": {"Origins": "https://a.example,https://b.example"},
    "a user pool": {"UserPool": "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_Example"},
    "public renditions": {"PublicRenditions": "true"},
    "CloudFront": {"CloudFront": "true"},
    "analysis": {"Analysis": "true"},
    "an alarm topic": {"AlarmTopic": "arn:aws:sns:us-east-1:123456789012:alarms"},
    "arm64": {"Architecture": "arm64"},
    "no polling": {"Polling": "false"},
    "no functions": {"Functions": "false"},
    "all at once": {"Deployment": "AllAtOnce"},
    "all of it": {
        "ExistingOriginals": "our-photos",
        "ExistingOriginalsKey": KEY_ARN,
        "ExistingKey": KEY_ARN,
        "OriginalsPrefix": "uploads/",
        "Origins": "https://a.example",
        "CloudFront": "true",
        "Analysis": "true",
        "AlarmTopic": "arn:aws:sns:us-east-1:123456789012:alarms",
        "Architecture": "arm64",
    },
}
"""Every parameter that decides which resources there are, or what they say; by what it is for."""


class NoManagedPolicies:
    """SAM asks for AWS's managed policies by name; a template that writes its own permissions needs none."""

    def load(self) -> dict[str, str]:
        return {}


def template(**parameters: str) -> dict[str, Any]:
    """With every condition still in it."""
    return _template(tuple(sorted(parameters.items())))


@cache
def _template(parameters: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    with patch.dict(os.environ, {"AWS_DEFAULT_REGION": "us-east-1"}):
        document: dict[str, Any] = transform(load(), dict(parameters), NoManagedPolicies())
    return document


def resources(kind: str | None = None, /, **parameters: str) -> dict[str, dict[str, Any]]:
    """What these parameters make, by logical id, each condition decided; of one type, where it is given."""
    made = _made(tuple(sorted(parameters.items())))
    return {name: facts for name, facts in made.items() if kind in (None, facts["Type"])}


def outputs(**parameters: str) -> dict[str, Any]:
    """What the stack says of itself with these parameters."""
    names, said = _names(parameters), template(**parameters)["Outputs"]
    return {name: _decided(output, names) for name, output in said.items() if _holds(output, names)}


@cache
def _made(parameters: tuple[tuple[str, str], ...]) -> dict[str, dict[str, Any]]:
    names = _names(dict(parameters))
    every = _template(parameters)["Resources"].items()
    return {name: _decided(facts, names) for name, facts in every if _holds(facts, names)}


def _names(parameters: Mapping[str, str]) -> Names:
    document = template(**parameters)
    return Names({**defaults(document), **parameters}, lambda *_: "", document["Conditions"])


def _holds(facts: Mapping[str, Any], names: Names) -> bool:
    return "Condition" not in facts or names.holds({"Condition": facts["Condition"]})


def _decided(value: Any, names: Names) -> Any:
    """`value` with each Fn::If replaced by the branch that is taken; every other reference stays."""
    match value:
        case {"Fn::If": [condition, then, otherwise]}:
            return _decided(then if names.holds({"Condition": condition}) else otherwise, names)
        case {"Ref": "AWS::NoValue"}:
            return NO_VALUE
        case dict():
            decided = {key: _decided(inner, names) for key, inner in value.items()}
            return {key: inner for key, inner in decided.items() if inner is not NO_VALUE}
        case list():
            return [inner for inner in (_decided(each, names) for each in value) if inner is not NO_VALUE]
        case _:
            return value


def properties(name: str, **parameters: str) -> dict[str, Any]:
    """What the template says of one resource."""
    said: dict[str, Any] = resources(**parameters)[name]["Properties"]
    return said


def statements(**parameters: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every statement of every policy, with the logical id of the resource that it stands in."""
    for name, facts in resources(**parameters).items():
        for document in _documents(facts.get("Properties", {})):
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


def permissions(role: str, **parameters: str) -> list[dict[str, Any]]:
    """The statements of a role's own policies."""
    policies = properties(role, **parameters)["Policies"]
    return [statement for policy in policies for statement in policy["PolicyDocument"]["Statement"]]


def actions(statement: Mapping[str, Any]) -> list[str]:
    """A statement's actions; one alone may be written without a list."""
    return listed(statement["Action"])


def listed(said: Any) -> list[Any]:
    """What IAM lets one write with or without a list."""
    return list(said) if isinstance(said, list) else [said]


def referred(value: Any) -> Iterator[str]:
    """Every logical id and parameter that `value` names."""
    match value:
        case {"Ref": str(name)} | {"Fn::GetAtt": [str(name), *_]}:
            yield name
        case {"Fn::Sub": str(text)}:
            yield from _substituted(text)
        case {"Fn::Sub": [str(text), dict(own)]}:
            yield from (name for name in _substituted(text) if name not in own)
            yield from referred(own)
        case dict():
            for inner in value.values():
                yield from referred(inner)
        case list():
            for inner in value:
                yield from referred(inner)


def _substituted(text: str) -> Iterator[str]:
    return (part.partition("}")[0].partition(".")[0] for part in text.split("${")[1:] if not part.startswith("!"))
