"""Runs on disk: what makes them, and what lists and reads those that are there."""
