"""template.yaml, read as CloudFormation reads it: short tags, references, conditions.

The stack itself is made by CloudFormation. This is for what no emulator makes: the functions, whose environment and
mappings are read here so that they are said in one place only.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from local.errors import TemplateUnreadable

TEMPLATE = Path(__file__).parent.parent / "template.yaml"

NO_VALUE = object()
"""What AWS::NoValue stands for: the place where it stands is left out."""

REFERENCE = re.compile(r"\$\{(!?)([^}]+)\}")


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's tags."""


def _tagged(loader: _Loader, tag: str, node: yaml.Node) -> dict[str, Any]:
    match node:
        case yaml.ScalarNode():
            value: Any = loader.construct_scalar(node)
        case yaml.SequenceNode():
            value = loader.construct_sequence(node, deep=True)
        case yaml.MappingNode():
            value = loader.construct_mapping(node, deep=True)
    if tag == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {tag if tag in ("Ref", "Condition") else f"Fn::{tag}": value}


_Loader.add_multi_constructor("!", _tagged)


def load(path: Path = TEMPLATE) -> dict[str, Any]:
    """The template with its short tags written out, nothing resolved."""
    document: dict[str, Any] = yaml.load(path.read_text(), _Loader)  # noqa: S506 - a SafeLoader
    return document


def defaults(template: Mapping[str, Any]) -> dict[str, str]:
    """What the parameters say when nobody else does."""
    parameters = template.get("Parameters", {})
    return {name: str(facts["Default"]) for name, facts in parameters.items() if "Default" in facts}


@dataclass(frozen=True)
class Names:
    """What the names in a template stand for, once its stack is there."""

    values: Mapping[str, Any]
    """What Ref answers: parameters, pseudo parameters, and the physical ids of resources."""

    attribute: Callable[[str, str], str]
    """What GetAtt answers, by logical id and attribute."""

    conditions: Mapping[str, Any]

    def resolve(self, value: Any) -> Any:
        """`value` with every reference in it replaced. Raises TemplateUnreadable for what is not known."""
        match value:
            case {"Ref": name}:
                return self._ref(name)
            case {"Fn::GetAtt": [name, attribute]}:
                return self.attribute(name, attribute)
            case {"Fn::Sub": str(text)}:
                return REFERENCE.sub(self._substitute, text)
            case {"Fn::If": [condition, then, otherwise]}:
                return self.resolve(then if self.holds({"Condition": condition}) else otherwise)
            case dict():
                _refuse_functions(value)
                resolved = {key: self.resolve(inner) for key, inner in value.items()}
                return {key: inner for key, inner in resolved.items() if inner is not NO_VALUE}
            case list():
                return [inner for inner in map(self.resolve, value) if inner is not NO_VALUE]
            case _:
                return value

    def holds(self, condition: Any) -> bool:
        """Whether a condition, by name or written out, is true."""
        match condition:
            case {"Condition": name}:
                return self.holds(self.conditions[name])
            case {"Fn::Equals": [one, other]}:
                return bool(self.resolve(one) == self.resolve(other))
            case {"Fn::Not": [inner]}:
                return not self.holds(inner)
            case {"Fn::And": several}:
                return all(map(self.holds, several))
            case {"Fn::Or": several}:
                return any(map(self.holds, several))
            case _:
                raise TemplateUnreadable(f"not a condition that is known here: {condition}")

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return NO_VALUE
        if name not in self.values:
            raise TemplateUnreadable(f"the template refers to {name}, which this stack does not have")
        return self.values[name]

    def _substitute(self, match: re.Match[str]) -> str:
        literal, name = match.groups()
        if literal:
            return "${" + name + "}"
        if "." in name:
            return self.attribute(*name.split(".", 1))
        return str(self._ref(name))


def _refuse_functions(value: Mapping[str, Any]) -> None:
    unknown = [key for key in value if str(key).startswith("Fn::")]
    if unknown:
        raise TemplateUnreadable(f"{unknown[0]} is not understood here in this form: {value}")
