"""Settings of a strategy written as a TOML file that gives the same strategy again."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from typing import Any

from blportfolio.config.strategy import parse_strategy
from blportfolio.errors import ConfigError


def strategy_toml(settings: Mapping[str, Any]) -> str:
    """Return the strategy file of resolved settings, as a run's manifest holds them.

    Every default is spelled out, as it was when the strategy ran; settings without a value are
    left out, as TOML has none.

    Args:
        settings: The `strategy` of a result's manifest.

    Raises:
        ConfigError: If a file cannot say them, as where a strategy was made in Python.
    """
    name = settings.get("name", "")
    if "schema_version" not in settings:
        raise ConfigError(
            f"The strategy {name!r} was made in Python, not by a file, so that no file says what "
            "it is."
        )
    plain = _without_none(settings)
    tables = {key: value for key, value in plain.items() if isinstance(value, dict)}
    lines = [f"{_key(key)} = {_value(value)}" for key, value in plain.items() if key not in tables]
    for key, table in tables.items():
        lines += ["", f"[{_key(key)}]"]
        lines += [f"{_key(inner)} = {_value(value)}" for inner, value in table.items()]
    text = "\n".join(lines) + "\n"
    if parse_strategy(tomllib.loads(text), source="strategy").resolved() != dict(settings):
        raise ConfigError(
            f"The settings of {name!r} cannot be written as a file of this version of blportfolio; "
            "its manifest has them in full."
        )
    return text


def _without_none(value: Any) -> Any:  # noqa: ANN401, whatever JSON can hold
    if isinstance(value, Mapping):
        return {key: _without_none(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list | tuple):
        return [_without_none(inner) for inner in value]
    return value


def _value(value: object) -> str:
    if isinstance(value, dict):
        inside = ", ".join(f"{_key(key)} = {_value(inner)}" for key, inner in value.items())
        return f"{{ {inside} }}" if inside else "{}"
    if isinstance(value, list):
        return f"[{', '.join(_value(inner) for inner in value)}]"
    # JSON's numbers, booleans and strings are TOML's, but for the one control character it leaves.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(key: str) -> str:
    return key if key.isidentifier() and key.isascii() else json.dumps(key, ensure_ascii=False)
