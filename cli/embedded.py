"""The deployment that the demo brings along: the embedded AWS, and its functions in processes of this machine."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cli.on_aws import OnAws, environment
from local import cloud
from local.cloud import Cloud
from local.gateway import Gateway


class Embedded(OnAws):
    """A Deployment on a Cloud."""

    def __init__(self, running: Cloud) -> None:
        super().__init__(running.endpoint, running.environment)
        self._cloud = running

    @property
    def log(self) -> Path:
        return self._cloud.worker_log

    def gateway(self, origin: str, token: str) -> Gateway:
        """What answers at this origin: the API and the console."""
        return self._cloud.gateway(origin, token)

    def handed_back(self) -> int:
        lanes = [self._cloud.mapping, self._cloud.bulk]
        return sum(lane.counts.failed for lane in lanes if lane)


@contextmanager
def embedded(
    *,
    port: int | None = None,
    concurrency: int | None = None,
    origin: str = "",
    directory: Path | None = None,
) -> Iterator[Embedded]:
    """Starts it, and ends it however the block is left. Raises LocalError.

    `origin`: where a browser may post uploads from. `directory`: for the logs; a temporary one when not given.
    """
    started = cloud.running(port=port, concurrency=concurrency, parameters={"Origins": origin}, directory=directory)
    with started as running, environment(running.environment):
        yield Embedded(running)
