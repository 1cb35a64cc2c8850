"""What AWS asks for a thing done once, in dollars: list prices of us-east-1, without free tiers and discounts.

Each price names the page of AWS's to hold it against; a million of something is easier to check against a page than its
millionth part, so they are written as the page writes them. These pages fill in their figures by script, so the prices
were compared with what public articles of 2024 to 2026 quote from them; of S3's GET and Inventory none was found.
"""

from dataclasses import dataclass
from datetime import date

AS_OF = date(2026, 11, 26)
"""When these were compared. Nothing does it by itself."""

REGION = "us-east-1"

MILLION = 1_000_000


@dataclass(frozen=True)
class Prices:
    """Dollars for one of each."""

    s3_put: float = 0.005 / 1000
    """A PUT, COPY, POST or LIST request. https://aws.amazon.com/s3/pricing/, S3 Standard."""
    s3_get: float = 0.0004 / 1000
    """A GET or any other request, also one answered with 304 or 404. The same page; a DELETE is free."""
    s3_gb_month: float = 0.023
    """A GB kept for a month. The same page, the first 50 TB of S3 Standard."""
    sqs_request: float = 0.40 / MILLION
    """A call of a standard queue, up to 64 KB and ten messages. https://aws.amazon.com/sqs/pricing/."""
    sns_publish: float = 0.50 / MILLION
    """A publication to a standard topic, up to 64 KB. https://aws.amazon.com/sns/pricing/; on to SQS it is free."""
    eventbridge_event: float = 1.00 / MILLION
    """An event of one's own, up to 64 KB. https://aws.amazon.com/eventbridge/pricing/; AWS's own are free."""
    dynamodb_write: float = 0.625 / MILLION
    """A write unit: 1 KB, on demand; two in a transaction. https://aws.amazon.com/dynamodb/pricing/on-demand/."""
    dynamodb_read: float = 0.125 / MILLION
    """A read unit: 4 KB strongly consistent, or 8 KB eventually, on demand. The same page."""
    lambda_gb_second_x86_64: float = 0.0000166667
    """A GB (1,024 MB) of memory for a second. https://aws.amazon.com/lambda/pricing/, the first tier."""
    lambda_gb_second_arm64: float = 0.0000133334
    """The same page."""
    lambda_request: float = 0.20 / MILLION
    """An invocation, whatever its batch holds. The same page."""
    rekognition_image: float = 0.001
    """An image analysed by one API of its second group. https://aws.amazon.com/rekognition/pricing/, the first million
    of a month."""
    logs_gb: float = 0.50
    """A GB of log taken in, embedded metrics among it. https://aws.amazon.com/cloudwatch/pricing/."""

    def lambda_gb_second(self, architecture: str) -> float:
        """By the template's word for it: "x86_64" or "arm64"."""
        return self.lambda_gb_second_arm64 if architecture == "arm64" else self.lambda_gb_second_x86_64


PRICES = Prices()
