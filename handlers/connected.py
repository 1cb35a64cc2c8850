"""What a function keeps from one event to the next: its settings, and the adapters that speak to AWS."""

import os
from functools import cache

from aws.connect import Aws, connect
from jobs.settings import Settings, read


@cache
def settings() -> Settings:
    """The environment, read at the first event. Raises SettingsInvalid."""
    return read(os.environ)


@cache
def aws() -> Aws:
    """Connections outlive the event that made them."""
    return connect(settings())
