"""SQS: a lane that the worker reads through its event source mapping, and the dead letters behind it."""

from typing import TYPE_CHECKING

from aws.errors import translated
from jobs import events
from jobs.events import Asked

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

LONGEST_DELAY = 900
LONGEST_VISIBILITY = 43_200
"""Seconds; SQS's own limits, which no emulator checks."""


class SqsQueue:
    """A lane of messages."""

    def __init__(self, client: "SQSClient", url: str) -> None:
        self._sqs, self._url = client, url

    def send(self, asked: Asked, *, delay: int = 0) -> None:
        with translated("SendMessage"):
            self._sqs.send_message(
                QueueUrl=self._url, MessageBody=events.message(asked), DelaySeconds=min(delay, LONGEST_DELAY)
            )

    def postpone(self, receipt: str, seconds: int) -> None:
        with translated("ChangeMessageVisibility"):
            self._sqs.change_message_visibility(
                QueueUrl=self._url, ReceiptHandle=receipt, VisibilityTimeout=min(max(seconds, 0), LONGEST_VISIBILITY)
            )
