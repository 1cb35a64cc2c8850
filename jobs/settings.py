"""The environment, read once. All its mistakes are told together."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from jobs.errors import SettingsInvalid

MB_PER_VCPU = 1769
"""Lambda gives one vCPU per 1,769 MB, whatever number of CPUs its kernel shows."""


@dataclass(frozen=True)
class Settings:
    """Where everything is, and how much at once."""

    originals: str
    prefix: str
    renditions: str
    table: str
    queue_url: str
    bulk_queue_url: str | None
    """Of the lane for bulk work; without one, bulk work takes the fresh lane."""
    dead_letters_url: str
    undelivered_url: str | None
    """Of the queue behind the topic's own subscription. The worker is not told of it."""
    max_receives: int
    worker: str
    preview: str
    bus: str
    public_url: str | None
    """Where renditions are served from, up to their keys; without one, addresses are presigned."""
    distribution: str | None
    """CloudFront's, behind that address: told to forget what is erased."""
    signed_url: str | None
    """Where whoever is handed a presigned address or form finds S3; without one, where everybody does."""
    analysis: bool
    """Whether Rekognition may be asked."""
    vcpus: int
    max_bytes: int | None
    max_pixels: int | None


class _Reader:
    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = environment
        self.problems: list[str] = []

    def text(self, name: str) -> str:
        if name not in self.environment or not self.environment[name].strip():
            self.problems.append(f"{name} is not set")
            return ""
        return self.environment[name].strip()

    def number(self, name: str) -> int:
        text = self.text(name)
        if text and not (text.isdecimal() and int(text) > 0):
            self.problems.append(f"{name} is {text!r}; it must be a whole number above 0")
        return int(text) if text.isdecimal() else 0

    def or_none(self, name: str, read: Callable[[str], int]) -> int | None:
        return read(name) if self.environment.get(name) else None


def read(environment: Mapping[str, str]) -> Settings:
    """Raises SettingsInvalid with every mistake."""
    reader = _Reader(environment)
    memory = reader.or_none("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", reader.number) or MB_PER_VCPU
    settings = Settings(
        originals=reader.text("SAFELIGHT_ORIGINALS"),
        prefix=environment.get("SAFELIGHT_ORIGINALS_PREFIX", ""),
        renditions=reader.text("SAFELIGHT_RENDITIONS"),
        table=reader.text("SAFELIGHT_TABLE"),
        queue_url=reader.text("SAFELIGHT_QUEUE_URL"),
        bulk_queue_url=environment.get("SAFELIGHT_BULK_QUEUE_URL", "").strip() or None,
        dead_letters_url=reader.text("SAFELIGHT_DEAD_LETTERS_URL"),
        undelivered_url=environment.get("SAFELIGHT_SUBSCRIPTION_DEAD_LETTERS_URL", "").strip() or None,
        max_receives=reader.number("SAFELIGHT_MAX_RECEIVES"),
        worker=environment.get("SAFELIGHT_WORKER") or environment.get("AWS_LAMBDA_FUNCTION_NAME", "worker"),
        preview=environment.get("SAFELIGHT_PREVIEW") or "preview",
        bus=environment.get("SAFELIGHT_BUS", "").strip() or "default",
        public_url=environment.get("SAFELIGHT_PUBLIC_URL", "").strip() or None,
        distribution=environment.get("SAFELIGHT_DISTRIBUTION", "").strip() or None,
        signed_url=environment.get("SAFELIGHT_S3_URL", "").strip() or None,
        analysis=environment.get("SAFELIGHT_ANALYSIS", "") == "true",
        vcpus=math.ceil(memory / MB_PER_VCPU),
        max_bytes=reader.or_none("SAFELIGHT_MAX_BYTES", reader.number),
        max_pixels=reader.or_none("SAFELIGHT_MAX_PIXELS", reader.number),
    )
    if reader.problems:
        raise SettingsInvalid("the environment is wrong: " + "; ".join(reader.problems))
    return settings
