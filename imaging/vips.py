"""The one door to libvips: its settings are made here, before anything else can touch it.

One image, one thread; the caller runs as many processes as there are cores. Nothing is cached between images, so
memory stays flat; nothing is spilled to disc, which a sandbox forbids, and which the limits make unnecessary.
Every loader is blocked but those in the table of formats.
"""

import os

from imaging.formats import FORMATS

os.environ["VIPS_DISC_THRESHOLD"] = "1000g"  # libvips reads it when first needed, and knows no "t"

import pyvips

pyvips.concurrency_set(1)
pyvips.cache_set_max(0)
pyvips.cache_set_max_mem(0)
pyvips.cache_set_max_files(0)
pyvips.block_untrusted_set(True)
pyvips.operation_block_set("VipsForeignLoad", True)
for _format in FORMATS:
    if _format.reader.blockable:
        pyvips.operation_block_set(_format.reader.blockable, False)

Error = pyvips.Error
Image = pyvips.Image
Interpolate = pyvips.Interpolate
Source = pyvips.Source

#: As libvips names it: 8.18.7.
VERSION = ".".join(str(pyvips.version(part)) for part in range(3))


#: libvips' type for bytes in an image's metadata.
BLOB = int(pyvips.GValue.blob_type)

#: libvips' type for text in an image's metadata.
TEXT = int(pyvips.GValue.gstr_type)
