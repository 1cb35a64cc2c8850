"""The stack, created by CloudFormation from template.yaml, and what the template says of its functions.

Functions are left out (no emulator runs the image), so their environment, timeout and mappings are read from the
template and filled with what CloudFormation made.
"""

import json
import re
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from local.endpoint import Endpoint
from local.errors import StackFailed, TemplateUnreadable
from local.template import TEMPLATE, Names, defaults, load

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import StackTypeDef

WITHOUT_FUNCTIONS = {"Functions": "false"}

ARNS = {
    "AWS::S3::Bucket": "arn:aws:s3:::{id}",
    "AWS::SQS::Queue": "arn:aws:sqs:{region}:{account}:{id}",
    "AWS::DynamoDB::Table": "arn:aws:dynamodb:{region}:{account}:table/{id}",
    "AWS::SNS::Topic": "{id}",
}
"""GetAtt ….Arn by type; `id` is the last part of the physical id (a queue's is its URL)."""

RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
SECONDS = {"minute": 60, "hour": 3600, "day": 86_400}


@dataclass(frozen=True)
class Function:
    """What the template says of a function, with its names resolved."""

    name: str
    arn: str
    handler: str
    memory: int
    """Megabytes."""
    timeout: int
    """Seconds."""
    variables: Mapping[str, str]
    alias: str = ""
    """What its mappings feed; the function itself where it has none."""


@dataclass(frozen=True)
class EventSource:
    """What the template says of the queue that feeds a function, and of that queue."""

    queue_url: str
    queue_arn: str
    batch_size: int
    window: int
    """Seconds that a batch may wait to be filled."""
    maximum_concurrency: int
    partial: bool
    """Whether the function's answer names the messages that failed."""
    max_receives: int
    dead_letters_url: str


@dataclass(frozen=True)
class Schedule:
    """An event that a function is handed again and again."""

    name: str
    every: float
    """Seconds."""
    event: Mapping[str, Any]


@dataclass(frozen=True)
class Stack:
    """A stack that is there."""

    name: str
    endpoint: Endpoint
    account: str
    outputs: Mapping[str, str]
    physical: Mapping[str, str]
    """Physical ids by logical id."""
    template: Mapping[str, Any]
    names: Names

    def function(self, logical: str) -> Function:
        """The function of this logical id. Raises TemplateUnreadable."""
        name = self._said(logical, "FunctionName")
        return Function(
            name=name,
            arn=f"arn:aws:lambda:{self.endpoint.region}:{self.account}:function:{name}",
            handler=self._said(logical, "ImageConfig")["Command"][0],
            memory=int(self._said(logical, "MemorySize")),
            timeout=int(self._said(logical, "Timeout")),
            variables={name: str(value) for name, value in self._said(logical, "Environment")["Variables"].items()},
            alias=str(self.template["Resources"][logical]["Properties"].get("AutoPublishAlias", "")),
        )

    def event_sources(self, logical: str) -> tuple[EventSource, ...]:
        """The mappings of a function that read a queue, in the template's order. Raises TemplateUnreadable."""
        events = self._said(logical, "Events").values()
        return tuple(self._event_source(event["Properties"]) for event in events if event["Type"] == "SQS")

    def schedules(self, logical: str) -> tuple[Schedule, ...]:
        """What a function is handed on a schedule, in the template's order. Raises TemplateUnreadable."""
        events = self._said(logical, "Events").items()
        return tuple(_schedule(name, event["Properties"]) for name, event in events if event["Type"] == "Schedule")

    def _event_source(self, mapping: Mapping[str, Any]) -> EventSource:
        queue = self._queue(mapping["Queue"])
        redrive = self._said(queue, "RedrivePolicy")
        return EventSource(
            queue_url=self.physical[queue],
            queue_arn=mapping["Queue"],
            batch_size=int(mapping["BatchSize"]),
            window=int(mapping.get("MaximumBatchingWindowInSeconds", 0)),
            maximum_concurrency=int(mapping["ScalingConfig"]["MaximumConcurrency"]),
            partial="ReportBatchItemFailures" in mapping.get("FunctionResponseTypes", ()),
            max_receives=int(redrive["maxReceiveCount"]),
            dead_letters_url=self.physical[self._queue(redrive["deadLetterTargetArn"])],
        )

    def _queue(self, arn: str) -> str:
        queues = (name for name, facts in self.template["Resources"].items() if facts["Type"] == "AWS::SQS::Queue")
        return next(str(name) for name in queues if self.names.attribute(name, "Arn") == arn)

    def _said(self, logical: str, name: str) -> Any:
        """What the template says of one property, resolved."""
        try:
            value = self.template["Resources"][logical]["Properties"][name]
        except KeyError as missing:
            raise TemplateUnreadable(f"the template does not say {logical}.Properties.{name}") from missing
        return self.names.resolve(value)


def _schedule(name: str, facts: Mapping[str, Any]) -> Schedule:
    rate = RATE.fullmatch(facts["Schedule"])
    if rate is None:
        raise TemplateUnreadable(f"the schedule {name} is no rate: {facts['Schedule']}")
    return Schedule(name, int(rate[1]) * SECONDS[rate[2]], json.loads(facts.get("Input", "{}")))


def create(
    endpoint: Endpoint,
    name: str = "safelight",
    *,
    parameters: Mapping[str, str] | None = None,
    path: Path = TEMPLATE,
    within: float = 120.0,
) -> Stack:
    """Creates the stack and waits for it, `within` seconds. Raises StackFailed with CloudFormation's first reason."""
    asked = {**(parameters or {}), **WITHOUT_FUNCTIONS}
    try:
        ask_for(endpoint, name, asked, path)
    except (BotoCoreError, ClientError) as error:
        raise StackFailed(f"stack {name} at {endpoint.url}: {error}") from error
    _settled(endpoint.client("cloudformation"), name, "CREATE_COMPLETE", within)
    return attach(endpoint, name, parameters=parameters, path=path)


def ask_for(endpoint: Endpoint, name: str, parameters: Mapping[str, str], path: Path = TEMPLATE) -> None:
    """Sets CloudFormation to work on the stack, and returns at once.

    The template goes by way of a bucket, as `sam deploy` sends it: in the request itself it may have 51,200 bytes.
    """
    s3, bucket = endpoint.client("s3"), f"template-{uuid.uuid4().hex}"
    s3.create_bucket(Bucket=bucket)
    try:
        s3.put_object(Bucket=bucket, Key=path.name, Body=path.read_bytes())
        endpoint.client("cloudformation").create_stack(
            StackName=name,
            TemplateURL=f"{endpoint.url}/{bucket}/{path.name}",
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        )
    finally:
        s3.delete_object(Bucket=bucket, Key=path.name)
        s3.delete_bucket(Bucket=bucket)


def attach(
    endpoint: Endpoint,
    name: str = "safelight",
    *,
    parameters: Mapping[str, str] | None = None,
    path: Path = TEMPLATE,
) -> Stack:
    """A stack that somebody created. `parameters` are those it was created with, where they are not the defaults."""
    cloudformation: CloudFormationClient = endpoint.client("cloudformation")
    described = _described(cloudformation, name)
    if described is None:
        raise StackFailed(f"there is no stack {name} at {endpoint.url}")
    resources = cloudformation.describe_stack_resources(StackName=name)["StackResources"]
    physical = {facts["LogicalResourceId"]: facts["PhysicalResourceId"] for facts in resources}
    account = described["StackId"].split(":")[4]
    document = load(path)
    pseudo = {
        "AWS::Region": endpoint.region,
        "AWS::AccountId": account,
        "AWS::StackName": name,
        "AWS::Partition": "aws",
    }
    return Stack(
        name=name,
        endpoint=endpoint,
        account=account,
        outputs={output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])},
        physical=physical,
        template=document,
        names=Names(
            values={**defaults(document), **(parameters or {}), **pseudo, **physical},
            attribute=_attributes(document, physical, endpoint.region, account),
            conditions=document.get("Conditions", {}),
        ),
    )


def remove(stack: Stack, *, within: float = 60.0) -> None:
    """Deletes the stack and, this being a laptop, what it retains: buckets with all they hold, and tables."""
    cloudformation: CloudFormationClient = stack.endpoint.client("cloudformation")
    try:
        cloudformation.delete_stack(StackName=stack.name)
        _settled(cloudformation, stack.name, "DELETE_COMPLETE", within)
        for logical, facts in stack.template["Resources"].items():
            if logical in stack.physical and facts.get("DeletionPolicy") == "Retain" and facts["Type"] in ERASERS:
                ERASERS[facts["Type"]](stack.endpoint, stack.physical[logical])
    except (BotoCoreError, ClientError) as error:
        raise StackFailed(f"stack {stack.name} was not removed: {error}") from error


def _erase_bucket(endpoint: Endpoint, bucket: str) -> None:
    s3 = endpoint.client("s3")
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for version in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
            s3.delete_object(Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"])
    s3.delete_bucket(Bucket=bucket)


def _erase_table(endpoint: Endpoint, table: str) -> None:
    endpoint.client("dynamodb").delete_table(TableName=table)


ERASERS: Mapping[str, Callable[[Endpoint, str], None]] = {
    "AWS::S3::Bucket": _erase_bucket,
    "AWS::DynamoDB::Table": _erase_table,
}


def _settled(cloudformation: "CloudFormationClient", name: str, wanted: str, within: float) -> None:
    deadline = time.monotonic() + within
    while (status := _status(cloudformation, name)).endswith("_IN_PROGRESS"):
        if time.monotonic() > deadline:
            raise StackFailed(f"stack {name} is still {status} after {within:g} s")
        time.sleep(0.05)
    if status != wanted:
        raise StackFailed(f"stack {name} is {status}: {_reason(cloudformation, name)}")


def _status(cloudformation: "CloudFormationClient", name: str) -> str:
    described = _described(cloudformation, name)
    return described["StackStatus"] if described else "DELETE_COMPLETE"


def _described(cloudformation: "CloudFormationClient", name: str) -> "StackTypeDef | None":
    try:
        return cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise


def _reason(cloudformation: "CloudFormationClient", name: str) -> str:
    """The first failure; those after it follow from it."""
    events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    failed = [event for event in reversed(events) if event.get("ResourceStatus", "").endswith("_FAILED")]
    if not failed:
        return "no reason given"
    return f"{failed[0].get('LogicalResourceId')}: {failed[0].get('ResourceStatusReason', 'no reason given')}"


def _attributes(
    document: Mapping[str, Any], physical: Mapping[str, str], region: str, account: str
) -> Callable[[str, str], str]:
    def attribute(logical: str, name: str) -> str:
        pattern = ARNS.get(document["Resources"].get(logical, {}).get("Type", ""))
        if logical not in physical or name != "Arn" or pattern is None:
            raise TemplateUnreadable(f"{logical}.{name} is not known here")
        return pattern.format(id=physical[logical].rsplit("/", 1)[-1], region=region, account=account)

    return attribute
