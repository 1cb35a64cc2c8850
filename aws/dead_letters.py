"""The dead-letter queue: a letter carries its reason as message attributes."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from aws.errors import translated
from aws.queue import depth
from jobs.ports import Depth, Letter

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageAttributeValueTypeDef, MessageTypeDef

NOT_IN_SQS = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that SQS refuses in bodies and attributes: what XML 1.0 cannot carry."""

LONGEST_DETAIL = 512

AT_ONCE = 10

POLL = 1
"""Seconds. A poll without any may miss letters: it asks only some of SQS's machines."""


class SqsDeadLetters:
    """Letters for the operator and for redrive."""

    def __init__(self, client: "SQSClient", url: str) -> None:
        self._sqs, self._url = client, url

    def send(self, body: str, *, reason: str, detail: str = "") -> None:
        with translated("SendMessage to the dead letters"):
            self._sqs.send_message(
                QueueUrl=self._url,
                MessageBody=NOT_IN_SQS.sub("\ufffd", body),
                MessageAttributes={
                    name: _text(value) for name, value in {"reason": reason, "detail": detail}.items() if value
                },
            )

    def receive(self) -> Sequence[Letter]:
        with translated("ReceiveMessage from the dead letters"):
            answer = self._sqs.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=AT_ONCE,
                WaitTimeSeconds=POLL,
                MessageAttributeNames=["reason", "detail"],
                MessageSystemAttributeNames=["SentTimestamp"],
            )
        return [_letter(message) for message in answer.get("Messages", [])]

    def delete(self, letter: Letter) -> None:
        with translated("DeleteMessage from the dead letters"):
            self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=letter.receipt)

    def depth(self) -> Depth:
        return depth(self._sqs, self._url)

    def put_back(self, letter: Letter) -> None:
        with translated("ChangeMessageVisibility of a dead letter"):
            self._sqs.change_message_visibility(QueueUrl=self._url, ReceiptHandle=letter.receipt, VisibilityTimeout=0)


def _letter(message: "MessageTypeDef") -> Letter:
    said = {name: value["StringValue"] for name, value in message.get("MessageAttributes", {}).items()}
    return Letter(
        id=message["MessageId"],
        receipt=message["ReceiptHandle"],
        body=message["Body"],
        sent=int(message["Attributes"]["SentTimestamp"]),
        reason=said.get("reason", ""),
        detail=said.get("detail", ""),
    )


def _text(value: str) -> "MessageAttributeValueTypeDef":
    return {"DataType": "String", "StringValue": NOT_IN_SQS.sub("\ufffd", value)[:LONGEST_DETAIL]}
