"""What settings have in common that a file's table and Python write alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Self

from blportfolio.errors import ConfigError
from blportfolio.validation import nearest_name, shown


class Settings:
    """A frozen dataclass that is also read from a table, and shows what was set."""

    __slots__ = ()

    @classmethod
    def of(cls, given: Self | Mapping[str, Any]) -> Self:
        """Return settings, also from the table of a file.

        Raises:
            ConfigError: If `given` is neither, or has an unknown key.
        """
        if isinstance(given, cls):
            return given
        name = cls.__name__.lower()
        if not isinstance(given, Mapping):
            raise ConfigError(f"`{name}` must be {cls.__name__} or a table, got {shown(given)}.")
        known = [entry.name for entry in fields(cls)]  # type: ignore[arg-type]  # a dataclass
        for key in given:
            if key not in known:
                hint = nearest_name(str(key), known)
                raise ConfigError(f"`{name}` has the unknown key {key!r}. {hint}")
        return cls(**given)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: object) -> dict[str, Any]:
        """Let pydantic pass tables of a file through to `of`, whose errors name the key."""
        return {"type": "any"}

    def __repr__(self) -> str:
        """Show what differs from the defaults."""
        default = type(self)()
        given = {
            entry.name: getattr(self, entry.name)
            for entry in fields(self)  # type: ignore[arg-type]  # a dataclass
            if getattr(self, entry.name) != getattr(default, entry.name)
        }
        return f"{type(self).__name__}({', '.join(f'{key}={given[key]!r}' for key in given)})"
