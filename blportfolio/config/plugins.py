"""Builds plug-ins from tables, a `model` and its parameters by name, and tables from plug-ins."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Any, TypeVar, get_type_hints

from pydantic import TypeAdapter, ValidationError

from blportfolio.errors import ConfigError
from blportfolio.forecasters import FORECASTERS
from blportfolio.optimise import OBJECTIVES
from blportfolio.toml import bad_value, unknown_key
from blportfolio.types import Forecaster, Objective
from blportfolio.validation import nearest_name

Plugin = TypeVar("Plugin")

NESTED: dict[Any, Mapping[str, type[Any]]] = {Objective: OBJECTIVES, Forecaster: FORECASTERS}
"""Registries of what a parameter may be that is itself a plug-in."""


def build_plugin(
    registry: Mapping[str, type[Plugin]],
    table: Mapping[str, Any],
    *,
    where: str,
    given: Mapping[str, Any] | None = None,
) -> Plugin:
    """Build the plug-in that `table` names.

    A parameter that is itself an objective or a forecaster is its table, or its name alone.

    Args:
        registry: Classes by name; each is a dataclass of its parameters.
        table: `model` and parameters.
        where: What the table is, for messages: "[prior] of strategy 'SLP-BL'".
        given: Parameters that come from elsewhere and may not stand in the table.

    Raises:
        ConfigError: If the model or a parameter is unknown, missing or out of range.
    """
    if "model" not in table:
        raise ConfigError(f"{where} lacks the key 'model'. Known: {', '.join(sorted(registry))}.")
    name = table["model"]
    if not isinstance(name, str) or name not in registry:
        raise ConfigError(f"{where} has no model {name!r}. {nearest_name(str(name), registry)}")
    cls = registry[name]
    fixed = dict(given or {})
    fields = {field.name: field for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
    allowed = [key for key in fields if key not in fixed]
    hints = get_type_hints(cls)
    values: dict[str, Any] = {key: value for key, value in fixed.items() if key in fields}
    for key, value in table.items():
        if key == "model":
            continue
        if key not in allowed:
            raise unknown_key(key, [*allowed, "model"], where=where)
        if hints[key] in NESTED:
            values[key] = _nested(NESTED[hints[key]], value, key=key, where=where)
        else:
            values[key] = _coerced(hints[key], value, key=key, where=where)
    for key, field in fields.items():
        has_default = (
            field.default is not dataclasses.MISSING
            or field.default_factory is not dataclasses.MISSING
        )
        if key not in values and not has_default:
            raise ConfigError(f"{where} lacks the key {key!r}; add it.")
    try:
        return cls(**values)
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from error


def plugin_parameters(plugin: Any) -> dict[str, Any]:  # noqa: ANN401, any dataclass
    """Return the parameters of a plug-in; plug-ins among them as their tables, `model` included.

    Args:
        plugin: A dataclass of its parameters.
    """
    names = {cls: name for registry in NESTED.values() for name, cls in registry.items()}
    parameters = dataclasses.asdict(plugin)
    for key in parameters:
        value = getattr(plugin, key)
        if type(value) in names:
            parameters[key] = {"model": names[type(value)], **plugin_parameters(value)}
    return parameters


def _nested(
    registry: Mapping[str, type[Plugin]],
    value: Any,  # noqa: ANN401, checked here
    *,
    key: str,
    where: str,
) -> Plugin:
    table = {"model": value} if isinstance(value, str) else value
    if not isinstance(table, Mapping):
        raise ConfigError(
            f"{where}: `{key}` must be a table with a `model`, or a model's name; got {value!r}."
        )
    return build_plugin(registry, table, where=f"`{key}` in {where}")


def _coerced(hint: Any, value: Any, *, key: str, where: str) -> Any:  # noqa: ANN401
    if isinstance(value, bool) and hint is not bool:
        raise ConfigError(f"{where}: `{key}` is {str(value).lower()}; it is no switch.")
    try:
        return TypeAdapter(hint).validate_python(value)
    except ValidationError as error:
        first = error.errors()[0]
        # Where several types will do, pydantic adds the type it tried to the path.
        path = [str(p) for p in first["loc"] if not re.fullmatch(r"float|str|tuple\[.*", str(p))]
        if first["type"] in {"unexpected_keyword_argument", "extra_forbidden"}:
            raise ConfigError(f"{where}: `{key}` has the unknown key {path[-1]!r}.") from error
        raise ConfigError(bad_value(".".join([key, *path]), first, where=where)) from error
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from error
