"""What files that are taken away from the page are called."""

from __future__ import annotations

from blportfolio.app.source import Source
from blportfolio.report.study import slug


def file_name(source: Source, what: str) -> str:
    """Return a file's name that says of which data it is, and what is in it."""
    return f"{slug(source.origin or source.reference)}-{what}"
