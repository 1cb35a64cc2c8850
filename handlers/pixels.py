"""The sandbox as a function holds it: within the limits that the template says, and each image tried twice at most."""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

from imaging.errors import ChildDied, ChildHung, Reason, Rejected, SandboxBroken
from imaging.limits import Limits
from imaging.recipe import Recipe
from imaging.rendered import Rendered
from imaging.sandbox import Sandbox
from jobs.errors import Retryable
from jobs.settings import Settings

log = logging.getLogger(__name__)

RENDER_TIMEOUT = 20.0
"""Seconds for one image in a child, forty times what most need."""

Turn = Callable[[], AbstractContextManager[None]]
"""Waits for a turn at the pixels, and holds it."""


def limits(settings: Settings) -> Limits:
    """The bounds of one original: imaging's own, but for what the settings name."""
    narrowed = {"bytes": settings.max_bytes, "pixels": settings.max_pixels}
    return replace(Limits(), **{name: limit for name, limit in narrowed.items() if limit})


def render(
    sandbox: Sandbox,
    original: bytes,
    recipe: Recipe,
    names: frozenset[str] | None = None,
    *,
    one: Turn = nullcontext,
    every: Turn = nullcontext,
) -> Rendered:
    """In a child. What ends its child is tried once more, alone in a new one, and rejected if it ends that too.

    `one` and `every` are entered for the first and the second try. Raises Rejected, Retryable and what turns raise.
    """
    try:
        with one():
            return sandbox.render(original, recipe, names)
    except (ChildDied, ChildHung) as error:
        log.warning("a child was lost: %s", error)
    except SandboxBroken as error:
        raise Retryable("sandbox-broken", str(error)) from error
    try:
        with every():
            return sandbox.render(original, recipe, names, alone=True)
    except (ChildDied, ChildHung) as error:
        raise Rejected(Reason.KILLS_WORKER, str(error)) from error
    except SandboxBroken as error:
        raise Retryable("sandbox-broken", str(error)) from error
