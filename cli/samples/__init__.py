"""Sample originals, drawn by code: photographs no camera took, in every format, and a few files to be refused.

`python -m cli.samples DIR --count N --seed S` draws; it needs numpy, Pillow and pillow-heif, and nothing of the house.
`cli.samples.plan` says what would be drawn, and needs only the standard library.
"""
