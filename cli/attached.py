"""A deployment that somebody else runs and the demo only visits, such as the one of docker-compose.yml."""

from collections.abc import Iterator
from contextlib import contextmanager

from aws.errors import translated
from cli.deployment import Letter
from cli.on_aws import OnAws, environment
from local.endpoint import Endpoint
from local.stack import attach


class Attached(OnAws):
    """A Deployment whose workers print and count elsewhere. Others may have been here: only one prefix is looked at."""

    log = None

    def __init__(self, endpoint: Endpoint, variables: dict[str, str], prefix: str) -> None:
        super().__init__(endpoint, variables)
        self._prefix = prefix

    def letters(self) -> tuple[Letter, ...]:
        return tuple(letter for letter in super().letters() if self._is_ours(letter))

    def handed_back(self) -> int:
        return 0

    def _is_ours(self, letter: Letter) -> bool:
        return any(source.key.startswith(self._prefix) for source in letter.sources)


@contextmanager
def attached(url: str, prefix: str) -> Iterator[Attached]:
    """The stack `safelight` of the AWS at this address. Raises LocalError, Retryable."""
    with translated("DescribeStacks"):
        stack = attach(Endpoint(url))
    variables = {**stack.endpoint.variables, **stack.function("Worker").variables}
    with environment(variables):
        yield Attached(stack.endpoint, variables, prefix)
