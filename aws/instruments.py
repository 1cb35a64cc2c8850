"""What an examination of a deployment needs and nothing else does: uploads of its own, and looks behind the scenes."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aws.errors import translated
from jobs.errors import Retryable
from jobs.source import Source

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class Bought:
    """What Lambda says of a function."""

    memory: int
    """Megabytes."""
    architecture: str
    timeout: int
    """Seconds."""


class Instruments:
    """Of one deployment. Lambda and the logs are hardly ever asked, so their clients are made only then."""

    def __init__(self, s3: "S3Client", functions: "Callable[[], LambdaClient]", logs: Callable[[], Any]) -> None:
        self._s3, self._functions, self._logs = s3, functions, logs

    def upload(self, source: Source, body: bytes) -> None:
        with translated("PutObject"):
            self._s3.put_object(Bucket=source.bucket, Key=source.key, Body=body)

    def delete(self, source: Source) -> None:
        with translated("DeleteObject"):
            self._s3.delete_object(Bucket=source.bucket, Key=source.key)

    def encryption(self, bucket: str, key: str) -> str:
        """S3's word for how an object lies there, such as "aws:kms"; "" if it says none."""
        with translated("HeadObject"):
            return str(self._s3.head_object(Bucket=bucket, Key=key).get("ServerSideEncryption", ""))

    def bought(self, function: str) -> Bought:
        with translated("GetFunctionConfiguration"):
            said = self._functions().get_function_configuration(FunctionName=function)
        return Bought(said["MemorySize"], said["Architectures"][0], said["Timeout"])

    def busy(self, function: str, threads: int) -> float:
        """How many vCPUs so many threads of the function got, all of them at work."""
        with translated("Invoke"):
            answer = self._functions().invoke(FunctionName=function, Payload=json.dumps({"busy": threads}).encode())
            said = json.loads(answer["Payload"].read())
        if "FunctionError" in answer:
            raise Retryable("not-measured", str(said.get("errorMessage", said)))
        return float(said["cpu"] / said["wall"])

    def metric(self, group: str, name: str, since: int) -> tuple[float, ...]:
        """Every value of an embedded metric that was logged since then (epoch ms). The logs lag by some seconds."""
        with translated("FilterLogEvents"):
            pages = self._logs().get_paginator("filter_log_events")
            found = pages.paginate(logGroupName=group, filterPattern=f'"{name}"', startTime=since)
            lines = [event["message"] for page in found for event in page["events"]]
        return tuple(value for line in lines for value in _values(line, name))


def _values(line: str, name: str) -> tuple[float, ...]:
    try:
        said = json.loads(line)[name]
    except (ValueError, KeyError, TypeError):
        return ()
    return tuple(said) if isinstance(said, list) else (float(said),)
