"""Reads TOML files and turns what is wrong with them into one clear sentence."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from blportfolio.errors import ConfigError
from blportfolio.validation import nearest_name

Model = TypeVar("Model", bound=BaseModel)


def read_toml(path: Path) -> dict[str, Any]:
    """Return the tables of a TOML file.

    Raises:
        ConfigError: If it cannot be read or is no TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"The file {path.name!r} cannot be read: {error}.") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"The file {path.name!r} is not valid TOML: {error}.") from error


def validate(model: type[Model], values: Mapping[str, Any], *, where: str) -> Model:
    """Return the validated model.

    Raises:
        ConfigError: Naming the first bad key, with the nearest known key when it is unknown.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise translated(error, model, values, where=where) from error


def translated(
    error: ValidationError, model: type[BaseModel], values: Mapping[str, Any], *, where: str
) -> ConfigError:
    """Return pydantic's first complaint as one sentence."""
    first = error.errors()[0]
    path = [str(part) for part in first["loc"]]
    if first["type"] == "extra_forbidden":
        return unknown_key(path[-1], _known_keys(model, path), where=where)
    if first["type"] != "missing":
        path = _keys_given(values, list(first["loc"]))
    return ConfigError(bad_value(".".join(path), first, where=where))


def unknown_key(key: str, known: Iterable[str], *, where: str) -> ConfigError:
    """Return the error for a key that does not exist."""
    return ConfigError(f"{where} has the unknown key {key!r}. {nearest_name(key, known)}")


def bad_value(key: str, problem: Mapping[str, Any], *, where: str) -> str:
    """Return the sentence for a value that pydantic refused."""
    if problem["type"] == "missing":
        return f"{where} lacks the key {key!r}; add it."
    message = str(problem["msg"]).replace("valid tuple", "valid list")
    return f"{where}: `{key}` is {problem['input']!r}. {message[:1].upper()}{message[1:]}."


def _keys_given(values: Any, location: list[int | str]) -> list[str]:  # noqa: ANN401
    """Return the part of pydantic's location that stands in the file, not in its own unions."""
    keys: list[str] = []
    for part in location:
        if isinstance(values, Mapping) and part in values:
            values = values[str(part)]
        elif isinstance(values, list | tuple) and isinstance(part, int) and part < len(values):
            values = values[part]
        else:
            break
        keys.append(str(part))
    return keys


def _known_keys(model: type[BaseModel], path: list[str]) -> list[str]:
    current: type[BaseModel] = model
    for part in path[:-1]:
        field = current.model_fields.get(part)
        inner = field.annotation if field is not None else None
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            current = inner
    return list(current.model_fields)
