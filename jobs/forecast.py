"""What a number of images costs on AWS and how long it takes, from the time that one of them takes.

    images/s = batches at once x images a batch / seconds a batch        until one of AWS's limits is met first
    dollars  = pixels' share of Lambda's memory-seconds + what every image asks of S3, SNS, SQS and DynamoDB

What is assumed is in `Assumed`, field by field; what AWS publishes is in `Limits` and jobs/prices.py.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from jobs.prices import PRICES, Prices
from jobs.settings import MB_PER_VCPU

MEMORIES = (1769, 3538, 5307, 7076, 8845, 10_240)
"""Megabytes worth a look: one vCPU each, up to the most there is. Below the first the worker has not a whole vCPU."""

BATCH = 10
"""Images in one invocation, as the template has it."""

CHANGES = 2
"""Of an image's record: claim and publication, a write unit each."""

COUNTING = 2
"""Write units to count an image once: a mark in a transaction, which is two, and is read before. Claim and publication
share it, as they come in one batch of the stream but for the few between two batches."""

LOGGED, GB = 650, 10**9
"""Bytes that the worker logs for an image, its part of the batch's metrics included, as bench/drain.py found them."""


@dataclass(frozen=True)
class Assumed:
    """What only a real account can tell; `safelight doctor` measures the first two."""

    slower: float = 1.5
    """A vCPU of Lambda's takes so many times as long as a processor of the machine that the time was measured on."""
    edge: float = 0.3
    """Seconds of a batch in which no pixels are made: the first claims and fetches, the last puts and publishing."""
    cold: float = 3.0
    """Seconds that a new environment takes, once each: the image pulled, libvips and its children up. It is billed."""


@dataclass(frozen=True)
class Limits:
    """What AWS lets one mapping, one account and one table do at first. Sources, of November 2026: docs/scale.md."""

    first: int = 5
    """Batches at once when a queue becomes active."""
    more_per_second: float = 300 / 60
    """Batches at once that a mapping adds while messages are waiting."""
    mapping: int = 1000
    """The highest MaximumConcurrency."""
    account: int = 1000
    """Lambda's concurrency in a region, until it is raised."""
    table_writes: float = 4000
    """Writes a second of a new on-demand table, until it is warmed or has grown."""
    prefix_puts: float = 3500
    """PUTs a second of one partition of a bucket, until S3 has split it."""
    prefix_gets: float = 5500
    """GETs a second of one."""
    item_reads: float = 3000
    """Strongly consistent reads a second of one small item, as the catalog's pointer is."""


@dataclass(frozen=True)
class Setting:
    """How the worker is deployed."""

    memory: int = 3538
    architecture: str = "x86_64"
    concurrency: int = 50
    """The mapping's MaximumConcurrency."""
    batch: int = BATCH

    @property
    def vcpus(self) -> float:
        return self.memory / MB_PER_VCPU


@dataclass(frozen=True)
class Image:
    """One image, on the average. `milliseconds` of a processor, here; `puts`: renditions that are stored."""

    milliseconds: float
    puts: int
    uploaded: bool = True
    """Fresh ones come by an event through the topic; a backfill's do not."""
    analyses: int = 0
    """Questions to Rekognition."""


@dataclass(frozen=True)
class Forecast:
    """The answer. `dollars` by what is paid for; `limits`: images/s that each limit allows, the lowest is met first."""

    images: int
    setting: Setting
    dollars: Mapping[str, float]
    seconds: float
    batch_seconds: float
    limits: Mapping[str, float] = field(default_factory=dict)

    @property
    def total(self) -> float:
        return sum(self.dollars.values())

    @property
    def without_puts(self) -> float:
        return self.total - self.dollars["renditions, S3 PUT"]

    @property
    def bottleneck(self) -> str:
        """What has to be raised first to be done sooner."""
        return min(self.limits, key=lambda name: self.limits[name])

    @property
    def per_second(self) -> float:
        """Images, once it runs at its full width."""
        return min(self.limits.values())


def batch_seconds(image: Image, setting: Setting, assumed: Assumed) -> float:
    """Of one invocation: pixels on every vCPU, everything else beside them but for the edges."""
    return assumed.edge + setting.batch * image.milliseconds / 1000 * assumed.slower / setting.vcpus


def each(
    image: Image, setting: Setting, *, assumed: Assumed | None = None, prices: Prices = PRICES
) -> dict[str, float]:
    """Dollars for one image, by what is paid for."""
    seconds = batch_seconds(image, setting, assumed or Assumed()) / setting.batch
    return {
        "renditions, S3 PUT": image.puts * prices.s3_put,
        "originals, S3 GET": prices.s3_get,
        "Lambda, GB-seconds": seconds * setting.memory / 1024 * prices.lambda_gb_second(setting.architecture),
        "Lambda, requests": prices.lambda_request / setting.batch,
        "topic, SNS": prices.sns_publish if image.uploaded else 0.0,
        "queue, SQS": ((1 if image.uploaded else 0) + 2 / setting.batch) * prices.sqs_request,
        "ledger, writes": CHANGES * prices.dynamodb_write,
        "ledger, the catalog read": prices.dynamodb_read,
        "announcement, EventBridge": prices.eventbridge_event,
        "counters of the console": COUNTING * prices.dynamodb_write + prices.dynamodb_read,
        "logs": LOGGED / GB * prices.logs_gb,
        **({"analysis, Rekognition": image.analyses * prices.rekognition_image} if image.analyses else {}),
    }


def forecast(
    images: int,
    image: Image,
    setting: Setting,
    *,
    assumed: Assumed | None = None,
    limits: Limits | None = None,
    prices: Prices = PRICES,
) -> Forecast:
    """Dollars and seconds for `images` like `image`, all of them waiting from the start."""
    assumed, limits = assumed or Assumed(), limits or Limits()
    seconds = batch_seconds(image, setting, assumed)
    dollars = {name: one * images for name, one in each(image, setting, assumed=assumed, prices=prices).items()}
    warm = min(setting.concurrency, math.ceil(images / setting.batch))
    dollars["Lambda, cold starts"] = (
        warm * assumed.cold * setting.memory / 1024 * prices.lambda_gb_second(setting.architecture)
    )
    allowed = _allowed(image, setting, seconds, limits)
    most = min(allowed.values()) * seconds / setting.batch
    return Forecast(
        images,
        setting,
        dollars,
        assumed.cold + _drained(images / setting.batch, seconds, most, limits),
        seconds,
        allowed,
    )


def _allowed(image: Image, setting: Setting, seconds: float, limits: Limits) -> dict[str, float]:
    """Images a second by each limit."""
    one = setting.batch / seconds
    return {
        "MaximumConcurrency": min(setting.concurrency, limits.mapping) * one,
        "Lambda's concurrency in the account": limits.account * one,
        "writes of a new table": limits.table_writes / (CHANGES + COUNTING),
        "PUTs of a bucket that S3 has not split yet": limits.prefix_puts / max(image.puts, 1),
        "GETs of the originals' prefix": limits.prefix_gets,
        "reads of the catalog's item": limits.item_reads,  # one an image, if no two of a batch share it
    }


def _drained(batches: float, seconds: float, most: float, limits: Limits) -> float:
    """Seconds until so many batches are done, of which at first 5 run at once, 5 more each second, `most` at last.

    While the width w grows from f by g a second, the work done by t is (f t + g t^2 / 2) / seconds.
    """
    work, first, grows = batches * seconds, min(limits.first, most), limits.more_per_second
    ramp = max(0.0, (most - first) / grows)
    done_by_then = first * ramp + grows * ramp**2 / 2
    if work <= done_by_then:
        return (math.sqrt(first**2 + 2 * grows * work) - first) / grows + seconds
    return ramp + (work - done_by_then) / most + seconds


def cheapest(
    images: int, image: Image, setting: Setting, memories: Iterable[int] = MEMORIES, *, assumed: Assumed | None = None
) -> Forecast:
    """Of all memory sizes the one that costs least."""
    tried = (forecast(images, image, replace(setting, memory=memory), assumed=assumed) for memory in memories)
    return min(tried, key=lambda one: one.total)
