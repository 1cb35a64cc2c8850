"""Where things are. Whatever is installed or made lies in folders that git ignores."""

import os
import sys
from pathlib import Path

BENCH = Path(__file__).parents[1]
ROOT = BENCH.parent

#: What is made of the photos, what the contenders rendered, and scores that need not be computed twice.
CACHE = BENCH / ".cache"

WATERMARK = ROOT / "recipes" / "watermark.png"
RESULTS = BENCH / "RESULTS.md"
PLOT = BENCH / "results.svg"

OURS = Path(sys.executable)
PEERS = BENCH / ".venv-peers" / "bin" / "python"
TURBO = BENCH / ".venv-turbo" / "bin" / "python"
SIMD = BENCH / ".venv-simd" / "bin" / "python"
NODE_WHEEL = BENCH / ".venv-node" / "bin" / "python"
NODE_MODULES = BENCH / "node_modules"
NODE = NODE_MODULES / ".node"  # a link to the Node that sharp was installed with
SSIMULACRA2 = BENCH / "ssimulacra2" / "target" / "release" / "ssimulacra2-over-a-pipe"

#: Photos to measure with: a folder of JPEGs as cameras wrote them.
PHOTOS = Path(os.environ.get("PHOTOS", ROOT.parent / "shared" / "photos"))
