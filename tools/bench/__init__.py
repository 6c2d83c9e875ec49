"""How fast: the race of three procedures, and the rungs."""
