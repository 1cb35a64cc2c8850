"""The Rust face of imaging, typed."""

def blake3(data: bytes) -> str:
    """BLAKE3 of `data`: 64 lower-case hex digits."""

def thumbhash(width: int, height: int, rgba: bytes) -> bytes:
    """ThumbHash of `width` x `height` RGBA pixels, not premultiplied, each edge 1 to 100; ValueError otherwise."""
