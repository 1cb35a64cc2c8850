"""A Safelight that is deployed, found by the name of its stack: on AWS, or on anything that AWS_ENDPOINT_URL names.

    stack ─▶ CloudFormation: outputs and parameters ─▶ the worker's own environment ─▶ settings ─▶ adapters

Verbs take three options for it (Stack, Region, Endpoint), and all but the first are boto3's to find where not given.
"""

import os
import re
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

import typer

from aws import connect
from aws.connect import Aws
from aws.stack import Described
from cli.complaint import Complaint
from jobs import settings
from jobs.errors import SettingsInvalid
from jobs.settings import Settings


def address(text: str | None) -> str | None:
    """Where an AWS is, as boto3 takes it. Raises typer.BadParameter."""
    parts = urlsplit(text or "http://aws")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise typer.BadParameter(f"{text!r} is no address like http://localhost:4566")
    return text


def utf8(text: str | None) -> str | None:
    """A key or the beginning of one, as S3 and the ledger take it. Raises typer.BadParameter."""
    try:
        (text or "").encode()
    except UnicodeEncodeError:
        raise typer.BadParameter("it is not in UTF-8, which everything in S3 and the ledger is") from None
    return text


def _name(text: str) -> str:
    """Of a stack, as CloudFormation takes it. Raises typer.BadParameter."""
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]{0,127}|arn:\S+", text):
        raise typer.BadParameter(f"{text!r} is no stack's name: a letter, then letters, digits and hyphens")
    return text


Stack = Annotated[
    str, typer.Option("--stack", envvar="SAFELIGHT_STACK", callback=_name, help="The CloudFormation stack.")
]
Region = Annotated[str | None, typer.Option("--region", help="Of the stack; AWS_REGION or the profile's if not given.")]
Endpoint = Annotated[
    str | None,
    typer.Option("--endpoint", callback=address, help="Where AWS is; AWS_ENDPOINT_URL or AWS itself if not given."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Data as JSON on standard output.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]

SAFELIGHT = "safelight"
"""The stack that is meant when none is named."""

OUTPUTS = {
    "SAFELIGHT_ORIGINALS": "Originals",
    "SAFELIGHT_RENDITIONS": "Renditions",
    "SAFELIGHT_TABLE": "Table",
    "SAFELIGHT_QUEUE_URL": "QueueUrl",
    "SAFELIGHT_BULK_QUEUE_URL": "BulkQueueUrl",
    "SAFELIGHT_DEAD_LETTERS_URL": "DeadLettersUrl",
    "SAFELIGHT_SUBSCRIPTION_DEAD_LETTERS_URL": "SubscriptionDeadLettersUrl",
    "SAFELIGHT_MAX_RECEIVES": "MaxReceives",
    "SAFELIGHT_WORKER": "Worker",
    "SAFELIGHT_PREVIEW": "Preview",
}
"""The functions' settings by the outputs that say them. A stack of an older template has fewer."""

PARAMETERS = {
    "SAFELIGHT_ORIGINALS_PREFIX": "OriginalsPrefix",
    "SAFELIGHT_MAX_BYTES": "MaxBytes",
    "SAFELIGHT_MAX_PIXELS": "MaxPixels",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "WorkerMemory",
}
"""Those by the parameters that say them."""


@dataclass(frozen=True)
class Deployed:
    """A deployment within reach. `aws` holds its adapters, `aws.intake` the switch of what feeds its worker."""

    stack: str
    settings: Settings
    aws: Aws
    described: Described
    emulated: bool
    """At an endpoint of its own: what only AWS can prove is not proven there."""


def deployed(stack: str = SAFELIGHT, endpoint: str | None = None, region: str | None = None) -> Deployed:
    """This process works on it from now on.

    Raises Complaint without such a stack, SettingsInvalid without a region or credentials, Retryable where nobody
    answers.
    """
    _choose(endpoint, region)
    described = connect.described(stack)
    if described is None:
        raise Complaint(f"there is no stack {stack}: name yours with --stack, and --region if it is elsewhere")
    try:
        names = settings.read(_environment(stack, described))
    except SettingsInvalid as error:
        raise Complaint(f"the stack {stack} is none of Safelight's, or of too old a template: {error}") from None
    return Deployed(stack, names, connect.connect(names), described, "AWS_ENDPOINT_URL" in os.environ)


def _choose(endpoint: str | None, region: str | None) -> None:
    """In the environment, where boto3 and whatever this process starts look for it.

    Of the two names for a region boto3 knows AWS_DEFAULT_REGION; to everything else AWS_REGION goes before it.
    """
    if endpoint:
        os.environ["AWS_ENDPOINT_URL"] = endpoint
    if region := region or os.environ.get("AWS_REGION"):
        os.environ["AWS_REGION"] = os.environ["AWS_DEFAULT_REGION"] = region


def _environment(stack: str, described: Described) -> dict[str, str]:
    functions = {"SAFELIGHT_WORKER": f"{stack}-worker", "SAFELIGHT_PREVIEW": f"{stack}-preview"}
    said = {name: described.outputs[output] for name, output in OUTPUTS.items() if output in described.outputs}
    given = {name: described.parameters[one] for name, one in PARAMETERS.items() if one in described.parameters}
    return {**functions, **given, **said}
