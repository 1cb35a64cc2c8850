"""The one door to AWS. boto3 obeys AWS_ENDPOINT_URL, so nothing here asks where it runs."""

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from aws.analyst import CONFIG as QUICK
from aws.analyst import RekognitionAnalyst
from aws.bus import EventBus
from aws.catalog import DynamoCatalog
from aws.counters import DynamoCounters
from aws.dead_letters import SqsDeadLetters
from aws.edge import Edge
from aws.errors import configured, translated
from aws.ingest import S3Ingest
from aws.instruments import Instruments
from aws.intake import LambdaIntake
from aws.ledger import DynamoLedger
from aws.listing import S3Listings
from aws.outage import DynamoOutage
from aws.place import DynamoPlace
from aws.preview import LambdaPreviewer
from aws.queue import SqsQueue
from aws.runs import DynamoRuns
from aws.stack import Described, describe
from aws.storage import S3Attic, S3Originals, S3Renditions
from aws.uploads import S3Uploads
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

PATIENCE = 60
"""Seconds for a call that waits until a function has answered: as long as the preview may take."""


@dataclass(frozen=True)
class Aws:
    """The adapters of one deployment."""

    originals: S3Originals
    renditions: S3Renditions
    uploads: S3Uploads
    attic: S3Attic
    ledger: DynamoLedger
    catalog: DynamoCatalog
    queue: SqsQueue
    """The lane of fresh uploads."""
    bulk: SqsQueue
    """The lane of bulk work; where there is none, the fresh one."""
    dead_letters: SqsDeadLetters
    undelivered: SqsDeadLetters | None
    """What the topic could not hand to the queue; None where nothing catches it."""
    listings: S3Listings
    runs: DynamoRuns
    place: DynamoPlace
    ingest: S3Ingest
    bus: EventBus
    counters: DynamoCounters
    outage: DynamoOutage
    intake: LambdaIntake
    previewer: LambdaPreviewer
    analyst: RekognitionAnalyst | None
    """None where the deployment may not ask it."""

    @property
    def lanes(self) -> tuple[SqsQueue, ...]:
        """Each lane once, the fresh one first."""
        return (self.queue,) if self.bulk is self.queue else (self.queue, self.bulk)

    def lane(self, arn: str) -> SqsQueue:
        """The lane whose queue has this ARN: what came by it goes back to it. The fresh one for any other ARN."""
        return next((lane for lane in self.lanes if lane.name == arn.rpartition(":")[2]), self.queue)


def connect(settings: Settings, *, patience: int = PATIENCE) -> Aws:
    """Adapters for what the settings name. Nothing is called yet; region and credentials are boto3's to find.

    `patience`: seconds that a preview is waited for. Whoever has fewer than it may take asks for each only once.
    """
    session = boto3.Session()  # not the default one, which remembers the credentials of whoever came first
    s3: S3Client = session.client("s3", config=S3_CONFIG)
    # The host is part of what is signed, so it is signed by a client of that host.
    signer: S3Client = (
        session.client("s3", config=S3_CONFIG, endpoint_url=settings.signed_url) if settings.signed_url else s3
    )
    sqs: SQSClient = session.client("sqs", config=CONFIG)
    dynamo: DynamoDBClient = session.client("dynamodb", config=CONFIG)
    cloudwatch = cache(lambda: session.client("cloudwatch", config=CONFIG))
    patient = CONFIG.merge(Config(read_timeout=patience))
    if patience < PATIENCE:
        patient = patient.merge(Config(retries={"mode": "standard", "total_max_attempts": 1}))
    queue = SqsQueue(sqs, settings.queue_url, cloudwatch)
    bulk = SqsQueue(sqs, settings.bulk_queue_url, cloudwatch) if settings.bulk_queue_url else queue
    return Aws(
        originals=S3Originals(s3),
        renditions=S3Renditions(s3, settings.renditions, _edge(session, settings), signer),
        uploads=S3Uploads(s3, settings.originals, signer),
        attic=S3Attic(s3, settings.renditions),
        ledger=DynamoLedger(dynamo, settings.table),
        catalog=DynamoCatalog(dynamo, settings.table),
        queue=queue,
        bulk=bulk,
        dead_letters=SqsDeadLetters(sqs, settings.dead_letters_url),
        undelivered=SqsDeadLetters(sqs, settings.undelivered_url) if settings.undelivered_url else None,
        listings=S3Listings(s3),
        runs=DynamoRuns(dynamo, settings.table),
        place=DynamoPlace(dynamo, settings.table),
        ingest=S3Ingest(s3),
        bus=EventBus(cache(lambda: session.client("events", config=CONFIG)), settings.bus),
        counters=DynamoCounters(dynamo, settings.table),
        outage=DynamoOutage(dynamo, settings.table),
        intake=LambdaIntake(lambda: session.client("lambda", config=CONFIG), settings.worker),
        analyst=RekognitionAnalyst(cache(lambda: session.client("rekognition", config=QUICK)))
        if settings.analysis
        else None,
        previewer=LambdaPreviewer(lambda: session.client("lambda", config=patient), settings.preview),
    )


def _edge(session: boto3.Session, settings: Settings) -> Edge | None:
    """The distribution in front of the renditions, where the settings name one."""
    if settings.public_url is None:
        return None
    return Edge(settings.public_url, settings.distribution, lambda: session.client("cloudfront", config=CONFIG))


def described(stack: str) -> Described | None:
    """What CloudFormation says of a stack; None when there is none of that name. Raises Retryable, SettingsInvalid."""
    with translated("DescribeStacks"), configured():
        return describe(boto3.Session().client("cloudformation", config=CONFIG), stack)


def instruments() -> Instruments:
    """For an examination of whatever deployment."""
    session = boto3.Session()
    return Instruments(
        session.client("s3", config=S3_CONFIG),
        lambda: session.client("lambda", config=CONFIG),
        lambda: session.client("logs", config=CONFIG),
    )
