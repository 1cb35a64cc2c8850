"""botocore's errors, translated once, at the edge: everything that may pass becomes Retryable with a short reason."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConfigParseError,
    InvalidConfigError,
    InvalidRegionError,
    LoginError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
    TokenRetrievalError,
)
from botocore.parsers import ResponseParserError

from jobs.errors import Retryable, SettingsInvalid

REASONS = {
    "AccessDenied": "access-denied",
    "AccessDeniedException": "access-denied",
    "InternalError": "aws-internal",
    "InternalServerError": "aws-internal",
    "KMSAccessDeniedException": "access-denied",
    "NoSuchBucket": "no-such-bucket",
    "ProvisionedThroughputExceededException": "throttled",
    "RequestLimitExceeded": "throttled",
    "RequestThrottled": "throttled",
    "ResourceNotFoundException": "not-there",
    "ServiceUnavailable": "aws-unavailable",
    "SlowDown": "throttled",
    "Throttling": "throttled",
    "ThrottlingException": "throttled",
    "TransactionConflictException": "throttled",
}
"""Short words for the ledger and the metrics; a code that is not here is told in its own words."""

UNSET: dict[type[Exception], str] = {
    ProfileNotFound: "set AWS_PROFILE to one that `aws configure list-profiles` knows",
    NoRegionError: "set AWS_REGION, or AWS_PROFILE to a profile that has one, or run `aws configure`",
    InvalidRegionError: "set AWS_REGION to one like eu-central-1",
    NoCredentialsError: "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run `aws configure`",
    PartialCredentialsError: "set both AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE instead",
    SSOError: "run `aws sso login`",
    TokenRetrievalError: "run `aws sso login`",
    LoginError: "run `aws login`",
    ConfigParseError: "put it right, or name another by AWS_CONFIG_FILE",
    InvalidConfigError: "put it right in ~/.aws/config",
    ValueError: "set AWS_ENDPOINT_URL to an address like http://localhost:4566, or unset it",
}
"""What boto3 must be told before it can call, by what it says where it was not; a ValueError is about an endpoint."""


def code(error: ClientError) -> str:
    """The service's error code, such as "NoSuchKey" or "304"."""
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def translated(call: str) -> Iterator[None]:
    """Raises Retryable for whatever the call inside runs into. What an adapter expects, it catches before."""
    try:
        yield
    except ClientError as error:
        raise Retryable(REASONS.get(code(error), code(error) or "aws-error"), f"{call}: {error}") from error
    except ResponseParserError as error:
        raise Retryable("unreachable", f"{call}: what answers is no AWS: {str(error).splitlines()[0]}") from error
    except (BotoCoreError, OSError) as error:
        raise Retryable("unreachable", f"{call}: {type(error).__name__}: {error}") from error


@contextmanager
def configured() -> Iterator[None]:
    """Raises SettingsInvalid, which says what to set, where whoever runs this has yet to say who and where they are.

    For the first call of a person's program. A function of ours has both from Lambda: there it is the world's fault.
    """
    try:
        yield
    except tuple(UNSET) as error:
        cure = next(cure for kind, cure in UNSET.items() if isinstance(error, kind))
        raise SettingsInvalid(f"{str(error).rstrip('.')}: {cure}") from error
