"""What every deployment that the demo can be run on has in common: AWS, reached through the adapters of the worker."""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from boto3.exceptions import S3UploadFailedError

from aws.connect import Aws, connect
from aws.errors import translated
from cli.deployment import Letter
from imaging.recipe import Recipe
from jobs import catalog, events, ports, settings
from jobs.catalog import Catalog
from jobs.errors import Malformed, Retryable
from jobs.source import Record, Source
from local.endpoint import Endpoint

if TYPE_CHECKING:
    from pathlib import Path

    from mypy_boto3_s3 import S3Client

PROFILES = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE")
"""The variables by which boto3 takes one of the user's."""


class OnAws:
    """The part of a Deployment that is AWS. `variables`: the worker's settings, and those by which AWS is found."""

    def __init__(self, endpoint: Endpoint, variables: Mapping[str, str]) -> None:
        self.variables = variables
        names = settings.read(variables)
        self.bucket = names.originals
        self._aws: Aws = connect(names)
        self._s3: S3Client = endpoint.client("s3")

    def release(self, recipes: Iterable[Recipe], routes: Iterable[tuple[str, str]]) -> Catalog:
        return catalog.release(self._aws.catalog, recipes, routes)

    def upload(self, source: Source, path: "Path") -> None:
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


@contextmanager
def environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Inside, this process sees that AWS as any program would, and none of the user's own profiles."""
    before = dict(os.environ)
    for name in PROFILES:
        os.environ.pop(name, None)
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
