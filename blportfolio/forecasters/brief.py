"""A short repr for dataclasses that hold arrays: their shapes, not pages of numbers."""

from __future__ import annotations

from dataclasses import fields

from blportfolio.validation import shown

LONGEST = 300
"""Characters of a field that are shown."""


class Brief:
    """Says what a dataclass holds on one line; derive with `@dataclass(repr=False)`."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Return the class and its fields, arrays by their shape and the long cut short."""
        names = [part.name for part in fields(self) if part.repr]  # type: ignore[arg-type]
        parts = (f"{name}={shown(getattr(self, name), LONGEST)}" for name in names)
        return f"{type(self).__name__}({', '.join(parts)})"
