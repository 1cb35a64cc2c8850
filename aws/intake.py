"""The event source mappings that feed the worker, as a switch."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aws.errors import translated

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_lambda.type_defs import EventSourceMappingConfigurationTypeDef


@dataclass(frozen=True)
class Switch:
    """One mapping: the queue that it reads, and Lambda's word for its state, such as "Enabled" or "Disabling"."""

    queue: str
    state: str


LIVE = "live"
"""The alias of a function that its mappings feed; template.yaml names it. Lambda lists mappings by what they feed."""


class LambdaIntake:
    """Every mapping of one function's live alias. Hardly ever used, so its client is made only then."""

    def __init__(self, connect: "Callable[[], LambdaClient]", function: str) -> None:
        self._connect, self._function = connect, function

    def switches(self) -> Sequence[Switch]:
        """Where each of them stands."""
        with translated("ListEventSourceMappings"):
            return [
                Switch(mapping["EventSourceArn"].rpartition(":")[2], mapping["State"])
                for mapping in self._mappings(self._connect())
            ]

    def stop(self) -> None:
        self._switch(enabled=False)

    def start(self) -> None:
        self._switch(enabled=True)

    def _switch(self, *, enabled: bool) -> None:
        with translated("UpdateEventSourceMapping"):
            client = self._connect()
            for mapping in self._mappings(client):
                client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=enabled)

    def _mappings(self, client: "LambdaClient") -> "list[EventSourceMappingConfigurationTypeDef]":
        pages = client.get_paginator("list_event_source_mappings").paginate(FunctionName=f"{self._function}:{LIVE}")
        return [mapping for page in pages for mapping in page["EventSourceMappings"]]
