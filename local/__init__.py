"""AWS on a laptop: the embedded cloud, its stack and its event source mappings."""
