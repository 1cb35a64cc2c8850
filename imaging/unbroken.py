"""A JPEG, looked at by the core before libvips shows it: libjpeg lets most holes in a scan pass, the core next to none.

It decodes all of the scans and an eighth of the pixels: 15 ms for 12 megapixels, of the 300 that libvips takes for
such a set. So the same originals are refused whatever the recipe asks for.
"""

from imaging import _native
from imaging.errors import Reason, Rejected
from imaging.fused import Level, Plan, header
from imaging.limits import Limits, check_header

SHRINK = 8


def unbroken(original: bytes, limits: Limits) -> bytes:
    """The original, unless its scans have holes; also if it is a kind that the core does not decode."""
    try:
        probe = _native.probe(original)
        check_header(header(probe), limits)
        ground = Level(max(1, probe.width // SHRINK), max(1, probe.height // SHRINK), 0)
        _native.render(original, Plan((ground,), (), SHRINK, limits.pixels))
    except _native.Unsupported:
        return original
    except _native.Rejected as rejected:
        reason, detail = rejected.args
        raise Rejected(Reason(reason), detail) from None
    return original
