"""The event source mappings that feed the worker, as a switch."""

from typing import TYPE_CHECKING

from aws.errors import translated

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


class LambdaIntake:
    """Every mapping of one function."""

    def __init__(self, client: "LambdaClient", function: str) -> None:
        self._lambda, self._function = client, function

    def stop(self) -> None:
        self._switch(enabled=False)

    def start(self) -> None:
        self._switch(enabled=True)

    def _switch(self, *, enabled: bool) -> None:
        with translated("UpdateEventSourceMapping"):
            pages = self._lambda.get_paginator("list_event_source_mappings").paginate(FunctionName=self._function)
            for mapping in [mapping for page in pages for mapping in page["EventSourceMappings"]]:
                self._lambda.update_event_source_mapping(UUID=mapping["UUID"], Enabled=enabled)
