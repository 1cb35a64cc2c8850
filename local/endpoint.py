"""An AWS that asks for no account: where it listens, and what a program needs to know to talk to it."""

from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config

CONFIG = Config(
    connect_timeout=3,
    read_timeout=30,  # above SQS's longest poll
    retries={"mode": "standard", "total_max_attempts": 3},
    max_pool_connections=64,
    signature_version="v4",
)


@dataclass(frozen=True)
class Endpoint:
    """One URL for all of AWS."""

    url: str
    region: str = "us-east-1"

    @property
    def variables(self) -> dict[str, str]:
        """The environment by which boto3 finds this AWS, and none of the user's own profiles and keys."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def client(self, name: str) -> Any:
        """A boto3 client of this AWS; the caller knows its type."""
        return boto3.client(
            name,  # type: ignore[call-overload]
            endpoint_url=self.url,
            region_name=self.region,
            aws_access_key_id=self.variables["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.variables["AWS_SECRET_ACCESS_KEY"],
            config=CONFIG,
        )
