"""Where a listing or a long work goes on, as an opaque word that travels through a URL."""

import base64
import json
from typing import Any

from handlers.problems import BadPlace


def packed(place: Any) -> str:
    """JSON, in base64 that a URL can carry."""
    return base64.urlsafe_b64encode(json.dumps(place, separators=(",", ":")).encode()).decode().rstrip("=")


def unpacked(text: str, kind: type) -> Any:
    """What was packed, of this kind. Raises BadPlace."""
    try:
        place = json.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
    except (ValueError, RecursionError):
        raise BadPlace from None
    if not isinstance(place, kind):
        raise BadPlace
    return place
