"""Rules of the fault tests."""

import logging
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def _silence() -> Iterator[None]:
    """Thousands of faults a second are nothing to log."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)
