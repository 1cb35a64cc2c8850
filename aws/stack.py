"""What CloudFormation says of a stack: the one thing an operator has to name."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient


@dataclass(frozen=True)
class Described:
    """A stack that is there: what it was created with, and where everything is."""

    parameters: Mapping[str, str]
    outputs: Mapping[str, str]


def describe(client: "CloudFormationClient", name: str) -> Described | None:
    """None when there is no such stack. Raises what botocore does."""
    try:
        found = client.describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise
    return Described(
        {given["ParameterKey"]: given["ParameterValue"] for given in found.get("Parameters", [])},
        {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])},
    )
