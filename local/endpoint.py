"""An AWS that asks for no account: where it listens, and what a program needs to know to talk to it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

CONFIG = Config(
    connect_timeout=3,
    read_timeout=30,  # above SQS's longest poll
    retries={"mode": "standard", "total_max_attempts": 2},
    max_pool_connections=64,
    signature_version="v4",
)


@dataclass(frozen=True)
class Credentials:
    """Whose calls they are; an AWS on a laptop takes any."""

    key_id: str = "local"
    secret: str = "local"  # noqa: S105 - nobody's
    token: str | None = None


@dataclass(frozen=True)
class Endpoint:
    """One URL for all of AWS but Lambda's own API, and who calls it."""

    url: str
    region: str = "us-east-1"
    credentials: Credentials = Credentials()
    certificate: Path | None = None
    """What it proves itself by, where it speaks TLS."""
    lambda_url: str | None = None
    """Where Lambda's own API is answered, when that is somewhere else."""

    @property
    def variables(self) -> dict[str, str]:
        """The environment by which boto3 finds this AWS, and none of the user's own profiles and keys."""
        variables = {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_ACCESS_KEY_ID": self.credentials.key_id,
            "AWS_SECRET_ACCESS_KEY": self.credentials.secret,
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        if self.credentials.token:
            variables["AWS_SESSION_TOKEN"] = self.credentials.token
        if self.lambda_url:
            variables["AWS_ENDPOINT_URL_LAMBDA"] = self.lambda_url
        if self.certificate:
            variables["AWS_CA_BUNDLE"] = str(self.certificate)
        return variables

    def client(self, name: str) -> Any:
        """A boto3 client of this AWS; the caller knows its type."""
        return boto3.client(
            name,  # type: ignore[call-overload]
            endpoint_url=self.lambda_url if name == "lambda" and self.lambda_url else self.url,
            region_name=self.region,
            aws_access_key_id=self.credentials.key_id,
            aws_secret_access_key=self.credentials.secret,
            aws_session_token=self.credentials.token,
            verify=str(self.certificate) if self.certificate else None,
            config=CONFIG,
        )
