"""Measurements: the imaging core against its peers."""
