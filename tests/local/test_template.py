"""template.yaml read as CloudFormation reads it."""

from pathlib import Path
from typing import Any

import pytest

from local.errors import TemplateUnreadable
from local.template import Names, defaults, load

DOCUMENT = """
Parameters:
  Size: {Type: Number, Default: 10}
  Name: {Type: String}
Conditions:
  Large: !Not [!Equals [!Ref Size, "10"]]
Resources:
  Queue: {Type: "AWS::SQS::Queue"}
Values:
  reference: !Ref Queue
  attribute: !GetAtt Queue.Arn
  written: !Sub "${Queue}/${Queue.Arn}/${Size}/${!literal}"
  chosen: !If [Large, yes-large, not-large]
  left-out: !If [Large, 1, !Ref "AWS::NoValue"]
  list: [1, !Ref "AWS::NoValue", !Ref Size]
  unknown: !Ref Nobody
  function: !Select [0, [1]]
"""


@pytest.fixture
def document(tmp_path: Path) -> dict[str, Any]:
    (tmp_path / "template.yaml").write_text(DOCUMENT)
    return load(tmp_path / "template.yaml")


def names(document: dict[str, Any], **values: str) -> Names:
    known = {**defaults(document), "Queue": "http://queue", **values}
    return Names(known, lambda logical, name: f"{logical}-{name}", document["Conditions"])


def test_parameters_without_a_default_have_none(document: dict[str, Any]) -> None:
    assert defaults(document) == {"Size": "10"}


@pytest.mark.parametrize(
    ("name", "resolved"),
    [
        ("reference", "http://queue"),
        ("attribute", "Queue-Arn"),
        ("written", "http://queue/Queue-Arn/10/${literal}"),
        ("chosen", "not-large"),
        ("list", [1, "10"]),
    ],
)
def test_references_are_replaced(document: dict[str, Any], name: str, resolved: object) -> None:
    assert names(document).resolve(document["Values"][name]) == resolved


def test_a_condition_follows_the_parameters(document: dict[str, Any]) -> None:
    assert names(document, Size="11").resolve(document["Values"]["chosen"]) == "yes-large"


def test_no_value_leaves_its_place_out(document: dict[str, Any]) -> None:
    values = {name: document["Values"][name] for name in ("chosen", "left-out")}
    assert names(document).resolve(values) == {"chosen": "not-large"}


@pytest.mark.parametrize(("name", "told"), [("unknown", "Nobody"), ("function", "Fn::Select")])
def test_what_is_not_understood_is_told(document: dict[str, Any], name: str, told: str) -> None:
    with pytest.raises(TemplateUnreadable, match=told):
        names(document).resolve(document["Values"][name])
