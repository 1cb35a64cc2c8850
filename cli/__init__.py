"""The operator's hand: one file per verb."""
