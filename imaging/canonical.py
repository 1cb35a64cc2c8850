"""How a recipe is written down so that it can be named: one way for one meaning."""

import hashlib
import json
from typing import Any

#: The newest that is read: raised by one whenever an older worker could no longer read, or would misread, what `dump`
#: writes. What an older schema can say is written in that one, and so is named as before. 2: `quality = "auto"`.
#: 3: an analysis.
SCHEMA = 3


def canonical(value: Any) -> bytes:
    """One way to write a value: sorted, without spaces, in UTF-8."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def replaced(value: Any, assets: dict[str, bytes]) -> Any:
    """A plain value with all bytes in it replaced by their sha256, and put into `assets`."""
    if isinstance(value, bytes):
        name = sha256(value)
        assets[name] = value
        return name
    if isinstance(value, dict):
        return {name: replaced(inner, assets) for name, inner in value.items() if inner is not None}
    if isinstance(value, list | tuple):
        return [replaced(inner, assets) for inner in value]
    return value


def sha256(content: bytes) -> str:
    """64 hex digits."""
    return hashlib.sha256(content).hexdigest()
