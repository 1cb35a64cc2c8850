"""The event source mappings that feed the worker, as a switch."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from aws.errors import translated

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

LIVE = "live"
"""The alias of a function that its mappings feed; template.yaml names it. Lambda lists mappings by what they feed."""


class LambdaIntake:
    """Every mapping of one function's live alias. Hardly ever used, so its client is made only then."""

    def __init__(self, connect: "Callable[[], LambdaClient]", function: str) -> None:
        self._connect, self._function = connect, function

    def stop(self) -> None:
        self._switch(enabled=False)

    def start(self) -> None:
        self._switch(enabled=True)

    def _switch(self, *, enabled: bool) -> None:
        with translated("UpdateEventSourceMapping"):
            client = self._connect()
            pages = client.get_paginator("list_event_source_mappings").paginate(FunctionName=f"{self._function}:{LIVE}")
            for mapping in [mapping for page in pages for mapping in page["EventSourceMappings"]]:
                client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=enabled)
