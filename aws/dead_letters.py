"""The dead-letter queue as a place to write to: a letter carries its reason as message attributes."""

import re
from typing import TYPE_CHECKING

from aws.errors import translated

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageAttributeValueTypeDef

NOT_IN_SQS = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that SQS refuses in bodies and attributes: what XML 1.0 cannot carry."""

LONGEST_DETAIL = 512


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


def _text(value: str) -> "MessageAttributeValueTypeDef":
    return {"DataType": "String", "StringValue": NOT_IN_SQS.sub("\ufffd", value)[:LONGEST_DETAIL]}
