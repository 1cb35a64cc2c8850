"""The deployment that the demo brings along: the embedded AWS, reached through the same adapters as the real one."""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from boto3.exceptions import S3UploadFailedError

from aws.connect import Aws, connect
from aws.errors import translated
from cli.deployment import Letter
from imaging.recipe import Recipe
from jobs import catalog, events, ports, settings
from jobs.catalog import Catalog
from jobs.errors import Malformed, Retryable
from jobs.settings import Settings
from jobs.source import Record, Source
from local import cloud
from local.cloud import Cloud
from local.gateway import Gateway

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class Embedded:
    """A Deployment on a Cloud."""

    def __init__(self, running: Cloud, aws: Aws, names: Settings) -> None:
        self._cloud, self._aws, self._names = running, aws, names
        self._s3: S3Client = running.client("s3")

    @property
    def bucket(self) -> str:
        return self._names.originals

    @property
    def variables(self) -> Mapping[str, str]:
        return self._cloud.environment

    @property
    def log(self) -> Path:
        return self._cloud.worker_log

    def release(self, recipes: Iterable[Recipe], routes: Iterable[tuple[str, str]]) -> Catalog:
        return catalog.release(self._aws.catalog, recipes, routes)

    def upload(self, source: Source, path: Path) -> None:
        with translated("PutObject"):
            try:
                self._s3.upload_file(str(path), source.bucket, source.key)
            except S3UploadFailedError as error:
                raise Retryable("upload", str(error)) from error

    def records(self, sources: Iterable[Source]) -> Mapping[Source, Record]:
        return self._aws.ledger.read_many(sources)

    def rendition(self, key: str) -> bytes:
        return self._aws.renditions.get(key)

    def letters(self) -> tuple[Letter, ...]:
        """A letter that is looked at is hidden for a while, and then back in its queue."""
        found: dict[str, ports.Letter] = {}
        while fresh := {one.id: one for one in self._aws.dead_letters.receive() if one.id not in found}:
            found |= fresh
        return tuple(map(_letter, found.values()))

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
    with started as running, _environment(running.environment):
        names = settings.read(running.environment)
        yield Embedded(running, connect(names), names)


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Inside, this process sees the embedded AWS as any program would, and none of the user's own profiles."""
    before = dict(os.environ)
    os.environ.pop("AWS_PROFILE", None)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _letter(letter: ports.Letter) -> Letter:
    try:
        return Letter(tuple(asked.source for asked in events.parse(letter.body)), letter.reason)
    except Malformed:
        return Letter((), letter.reason)
