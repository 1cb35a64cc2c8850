"""SQS: a lane that the worker reads through its event source mapping, and the dead letters behind it."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from aws.errors import translated
from jobs import events
from jobs.errors import Retryable
from jobs.events import Asked
from jobs.ports import Depth

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.literals import QueueAttributeNameType
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

LONGEST_DELAY = 900
LONGEST_VISIBILITY = 43_200
"""Seconds; SQS's own limits, which no emulator checks."""

AT_ONCE = 10
"""Messages in one call."""

PACKED = 10
"""Questions in one message, at most: a batch of ten such is some hundred images, well within a worker's two minutes."""

COUNTS: "tuple[QueueAttributeNameType, ...]" = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


def depth(client: "SQSClient", url: str) -> Depth:
    """How many messages a queue holds, about."""
    with translated("GetQueueAttributes"):
        attributes = client.get_queue_attributes(QueueUrl=url, AttributeNames=list(COUNTS))["Attributes"]
    return Depth(*(int(attributes[count]) for count in COUNTS))


class SqsQueue:
    """A lane of messages. Only CloudWatch knows how old the oldest is, and only who asks needs a client of it."""

    def __init__(self, client: "SQSClient", url: str, cloudwatch: Callable[[], Any]) -> None:
        self._sqs, self._url, self._cloudwatch = client, url, cloudwatch

    @property
    def name(self) -> str:
        """The queue's, with which its ARN and its URL end."""
        return self._url.rpartition("/")[2]

    def send(self, asked: Asked, *, delay: int = 0) -> None:
        with translated("SendMessage"):
            self._sqs.send_message(
                QueueUrl=self._url, MessageBody=events.message(asked), DelaySeconds=min(delay, LONGEST_DELAY)
            )

    def send_many(self, questions: Sequence[Asked]) -> None:
        self._send_bodies([events.message(asked) for asked in questions])

    def send_packed(self, questions: Sequence[Asked]) -> None:
        starts = range(0, len(questions), PACKED)
        self._send_bodies([events.packed(questions[start : start + PACKED]) for start in starts])

    def _send_bodies(self, bodies: Sequence[str]) -> None:
        for start in range(0, len(bodies), AT_ONCE):
            entries: list[SendMessageBatchRequestEntryTypeDef] = [
                {"Id": str(number), "MessageBody": body} for number, body in enumerate(bodies[start : start + AT_ONCE])
            ]
            with translated("SendMessageBatch"):
                answer = self._sqs.send_message_batch(QueueUrl=self._url, Entries=entries)
            if refused := answer.get("Failed"):
                raise Retryable("not-sent", f"SendMessageBatch: {refused[0].get('Message', refused[0]['Code'])}")

    def postpone(self, receipt: str, seconds: int) -> None:
        with translated("ChangeMessageVisibility"):
            self._sqs.change_message_visibility(
                QueueUrl=self._url, ReceiptHandle=receipt, VisibilityTimeout=min(max(seconds, 0), LONGEST_VISIBILITY)
            )

    def depth(self) -> Depth:
        return depth(self._sqs, self._url)

    def oldest(self) -> float | None:
        """Until the first metric is there: as old as the queue keeps messages at all."""
        with translated("GetQueueAttributes"):
            attributes = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["All"])["Attributes"]
        if not any(int(attributes[count]) for count in COUNTS):
            return None
        with translated("GetMetricStatistics"):
            ages = self._cloudwatch().get_metric_statistics(
                Namespace="AWS/SQS",
                MetricName="ApproximateAgeOfOldestMessage",
                Dimensions=[{"Name": "QueueName", "Value": self.name}],
                StartTime=datetime.now(UTC) - timedelta(minutes=10),
                EndTime=datetime.now(UTC),
                Period=60,
                Statistics=["Maximum"],
            )["Datapoints"]
        kept = float(attributes["MessageRetentionPeriod"])
        return max((float(age["Maximum"]) for age in ages), default=kept)
