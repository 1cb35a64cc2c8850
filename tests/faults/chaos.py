"""How long the random families run: `make test` is the same every time, `make chaos` is long and starts anywhere."""

import os
import random

TIMES = int(os.environ.get("CHAOS", "1"))
"""Times the number of cases in `make test`."""

SEED = 0 if TIMES == 1 else int(os.environ.get("CHAOS_SEED", random.SystemRandom().randrange(10**9)))
"""Where the seeds begin. Every failure names its own."""
