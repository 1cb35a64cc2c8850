"""What one image cost: what was used for it, kept in its record, times what AWS asks.

    vCPU    the milliseconds that its pixels took, on a vCPU's share of Lambda's memory
    S3      one GET, and a PUT for each rendition that was encoded
    SQS     its share of the batch's receive and delete, once for each time its message was received
    seen    each answer of Rekognition, where a recipe asks for one
    ledger  a write unit for each claim, and one for the publication

Time in which a worker waits is not here: it waits for several images at once, while others have the vCPUs.
"""

from dataclasses import dataclass

from jobs.prices import PRICES, Prices
from jobs.settings import MB_PER_VCPU
from jobs.source import Published, Used

CALLS_PER_BATCH = 2
"""Receive and delete."""

MB_PER_GB = 1024


def used(*, puts: int, claims: int, receives: int, share: float, analyses: int = 0) -> Used:
    """Of one publication. `share` is the source's part of its batch."""
    calls = CALLS_PER_BATCH * receives * share
    return Used(gets=1, puts=puts, writes=claims + 1, calls_thousandths=round(1000 * calls), analyses=analyses)


@dataclass(frozen=True)
class Metered:
    """One image or many: dollars and what they are made of."""

    images: int = 0
    milliseconds: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    gets: int = 0
    puts: int = 0
    writes: int = 0
    calls: float = 0.0
    analyses: int = 0
    dollars: float = 0.0

    def __add__(self, other: "Metered") -> "Metered":
        return Metered(*(mine + theirs for mine, theirs in zip(vars(self).values(), vars(other).values(), strict=True)))


def metered(published: Published, prices: Prices = PRICES) -> Metered:
    """What a published set says of itself; one from before there was a meter counts only pixels and bytes."""
    used, made = published.used or Used(), published.made
    calls = used.calls_thousandths / 1000
    dollars = (
        rendering(published, prices)
        + calls / CALLS_PER_BATCH * prices.lambda_request
        + calls * prices.sqs_request
        + used.gets * prices.s3_get
        + used.puts * prices.s3_put
        + used.writes * prices.dynamodb_write
        + used.analyses * prices.rekognition_image
    )
    return Metered(
        images=1,
        milliseconds=made.milliseconds,
        bytes_in=made.bytes,
        bytes_out=sum(stored.bytes for stored in published.renditions),
        gets=used.gets,
        puts=used.puts,
        writes=used.writes,
        calls=calls,
        analyses=used.analyses,
        dollars=dollars,
    )


def rendering(published: Published, prices: Prices = PRICES) -> float:
    """Dollars of those for its pixels: a processor, for as long as they took."""
    seconds = published.made.milliseconds / 1000
    return seconds * MB_PER_VCPU / MB_PER_GB * prices.lambda_gb_second(_architecture(published))


def _architecture(published: Published) -> str:
    """The engine's last word is the machine that made the pixels."""
    return "arm64" if published.engine.endswith(("aarch64", "arm64")) else "x86_64"
