"""The worker with little patience: what takes it minutes on AWS takes it seconds here."""

from botocore.config import Config

from aws import connect
from handlers.worker import handler
from jobs import breaker, process

__all__ = ["handler"]

PATIENCE = 12.0
"""Longer than a message needs for all its receives, so that some are copied before the intake is stopped."""

process.FIRST_BACK_OFF = process.LONGEST_BACK_OFF = 1.0
breaker.TRY_EVERY = 1.0
breaker.PATIENCE = PATIENCE
connect.S3_CONFIG = connect.S3_CONFIG.merge(Config(retries={"mode": "standard", "total_max_attempts": 1}))
