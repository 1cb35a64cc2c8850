"""An AWS in memory, at the height of the ports: as unkind as it is told to be, and the same for the same seed."""
