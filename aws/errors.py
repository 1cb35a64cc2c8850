"""botocore's errors, translated once, at the edge: everything that may pass becomes Retryable with a short reason."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError

from jobs.errors import Retryable

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
    except (BotoCoreError, OSError) as error:
        raise Retryable("unreachable", f"{call}: {type(error).__name__}: {error}") from error
