"""Settings from the command line: `--set key=value` in dotted form."""

from __future__ import annotations

import tomllib
from typing import Any

from blportfolio.config.strategy import StrategyConfig
from blportfolio.errors import ConfigError

MODELS = ("prior", "covariance", "optimise")
"""Tables of a strategy that name a model."""


def parse_override(override: str) -> tuple[list[str], Any]:
    """Return the keys and the value of "key=value"; what is no TOML value is text.

    Raises:
        ConfigError: If there is no key or no equals sign.
    """
    key, sign, text = override.partition("=")
    keys = keys_of(key)
    if not sign or not all(keys):
        raise ConfigError(f"--set takes key=value such as backtest.lookback=120, got {override!r}.")
    try:
        return keys, tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return keys, text.strip()


def keys_of(text: str) -> list[str]:
    """Return the parts of a dotted key; one with a dot stands in quotes, as in TOML."""
    try:
        table: Any = tomllib.loads(f"{text} = 0")
    except tomllib.TOMLDecodeError:
        return [part.strip() for part in text.split(".")]
    keys: list[str] = []
    while isinstance(table, dict):
        ((key, table),) = table.items()
        keys.append(key)
    return keys


def spell_out(tables: dict[str, Any], key: str) -> None:
    """Write a model that is given by name alone, or left to its default, as a table."""
    if key in MODELS:
        default = StrategyConfig.model_fields[key].get_default(call_default_factory=True)
        table = tables.setdefault(key, default)
        if isinstance(table, str):
            tables[key] = {"model": table}


def assign(
    values: dict[str, Any], keys: list[str], value: object, *, whole: str = "--set "
) -> None:
    """Put a value where its keys say, making tables on the way.

    Args:
        values: Tables to change.
        keys: Path of the value.
        value: What to put there.
        whole: What stood before the keys where they were written, for messages.

    Raises:
        ConfigError: If something on the way is no table.
    """
    for key in keys[:-1]:
        inner = values.setdefault(key, {})
        if not isinstance(inner, dict):
            raise ConfigError(
                f"{whole}{'.'.join(keys)}: `{key}` is {inner!r}, not a table; set all of it."
            )
        values = inner
    values[keys[-1]] = value
