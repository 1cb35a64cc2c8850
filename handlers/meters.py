"""Metrics: written into the log, where CloudWatch finds them. Each stack has a namespace of its own."""

import os

NAMESPACE = os.environ.get("POWERTOOLS_METRICS_NAMESPACE", "Safelight")
"""The stack's, as the template says it; the second is for a handler that runs outside of one."""
