"""Active sets: exact answers for bounds, a budget and cash."""
