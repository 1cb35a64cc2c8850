"""The imaging benchmark: every job by every contender, interleaved in one run, and whether the pixels are as good."""
