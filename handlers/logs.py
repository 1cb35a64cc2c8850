"""Logging, configured here and nowhere else: one JSON object a line, with the source and the message ids on it."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging.utils import copy_config_to_registered_loggers

from jobs.source import Source

logger = Logger(child=False)
ROOMS = frozenset({"aws", "handlers", "imaging", "jobs"})


def configure() -> Logger:
    """Gives every logger of the house the JSON format and the level that Lambda's environment asks for."""
    for room in ROOMS:
        logging.getLogger(room)
    copy_config_to_registered_loggers(source_logger=logger, include=set(ROOMS))
    logging.getLogger("pyvips").setLevel(logging.ERROR)  # it warns of every damaged file; the rejection says it once
    return logger


@contextmanager
def about(source: Source, message_ids: Sequence[str]) -> Iterator[None]:
    """Every line logged inside, on this thread, names the source and its messages."""
    keys = {"source": source.id, "key": source.key, "message_ids": list(message_ids)}
    logger.thread_safe_append_keys(**keys)
    try:
        yield
    finally:
        logger.thread_safe_remove_keys(list(keys))
