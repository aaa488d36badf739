"""Limits on the number and the least size of positions."""
