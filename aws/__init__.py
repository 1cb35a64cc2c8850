"""How jobs touch the world: everything that speaks to AWS."""
