"""What happens to pixels: bytes and a recipe in, bytes out."""
