"""The one door to AWS. boto3 obeys AWS_ENDPOINT_URL, so nothing here asks where it runs."""

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from aws.catalog import DynamoCatalog
from aws.dead_letters import SqsDeadLetters
from aws.intake import LambdaIntake
from aws.ledger import DynamoLedger
from aws.outage import DynamoOutage
from aws.place import DynamoPlace
from aws.queue import SqsQueue
from aws.storage import S3Originals, S3Renditions
from jobs.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

CONFIG = Config(
    connect_timeout=3,
    read_timeout=8,
    retries={"mode": "standard", "total_max_attempts": 3},
    max_pool_connections=32,
)
S3_CONFIG = CONFIG.merge(
    # v4: the default may presign with SigV2, which KMS refuses. Path style: bucket names with dots, and emulators.
    Config(signature_version="s3v4", s3={"addressing_style": "path"})
)


@dataclass(frozen=True)
class Aws:
    """The adapters of one deployment."""

    originals: S3Originals
    renditions: S3Renditions
    ledger: DynamoLedger
    catalog: DynamoCatalog
    queue: SqsQueue
    dead_letters: SqsDeadLetters
    outage: DynamoOutage
    intake: LambdaIntake
    place: DynamoPlace


def connect(settings: Settings) -> Aws:
    """Adapters for what the settings name. Nothing is called yet; region and credentials are boto3's to find."""
    session = boto3.Session()  # not the default one, which remembers the credentials of whoever came first
    s3: S3Client = session.client("s3", config=S3_CONFIG)
    sqs: SQSClient = session.client("sqs", config=CONFIG)
    dynamo: DynamoDBClient = session.client("dynamodb", config=CONFIG)
    return Aws(
        originals=S3Originals(s3),
        renditions=S3Renditions(s3, settings.renditions),
        ledger=DynamoLedger(dynamo, settings.table),
        catalog=DynamoCatalog(dynamo, settings.table),
        queue=SqsQueue(sqs, settings.queue_url, cloudwatch=cache(lambda: session.client("cloudwatch", config=CONFIG))),
        dead_letters=SqsDeadLetters(sqs, settings.dead_letters_url),
        outage=DynamoOutage(dynamo, settings.table),
        intake=LambdaIntake(lambda: session.client("lambda", config=CONFIG), settings.worker),
        place=DynamoPlace(dynamo, settings.table),
    )
