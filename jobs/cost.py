"""What one published image cost at list prices, from what the ledger knows of it.

render   its milliseconds on one vCPU, at Lambda's price of the memory that comes with one
puts     one for each rendition that this render stored; what an earlier one stored was paid then
rest     once each: event, message (its calls shared by ten), the original's GET, the ledger's writes and its read
"""

from dataclasses import dataclass

from jobs.prices import PRICES
from jobs.settings import MB_PER_VCPU
from jobs.source import Published

GB_PER_VCPU = MB_PER_VCPU / 1024

REST = PRICES.sns_publish + PRICES.sqs_request * 0.3 + PRICES.s3_get + PRICES.dynamodb_write * 2 + PRICES.dynamodb_read


@dataclass(frozen=True)
class Cost:
    """Dollars."""

    render: float
    puts: float
    rest: float = REST

    @property
    def dollars(self) -> float:
        return self.render + self.puts + self.rest


def of(published: Published) -> Cost:
    """Of the render that published it last."""
    return Cost(
        seconds(published.made.milliseconds / 1000, published.engine), PRICES.s3_put * len(stored_now(published))
    )


def seconds(vcpu_seconds: float, engine: str) -> float:
    """Lambda's price of these, on the architecture that the engine's name ends with."""
    architecture = "arm64" if engine.endswith(("arm64", "aarch64")) else "x86_64"
    return vcpu_seconds * GB_PER_VCPU * PRICES.lambda_gb_second(architecture)


def stored_now(published: Published) -> list[int]:
    """Bytes of each rendition that was put for this publication; the others were kept."""
    made = (published.digest, published.engine)
    return [stored.bytes for stored in published.renditions if (stored.digest, stored.engine) == made]
