"""What can be done to pixels: one operation a file, an image in, an image out."""
