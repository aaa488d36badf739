"""Variants of strategies in an experiment: a strategy's file with some of its settings changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from blportfolio.config.overrides import MODELS, assign, keys_of, spell_out
from blportfolio.errors import ConfigError
from blportfolio.toml import read_toml, validate


class Variant(BaseModel):
    """An entry of an experiment's `strategies` that is no file, but a file with changes.

    Attributes:
        strategy: Packaged name, or path of a strategy file.
        name: Name of the variant: in tables, in `contrast` and on the command line.
        set: Values by dotted key, such as "optimise.costs.trading_bps"; of a model's table that
            names no model only what it holds.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    strategy: str = Field(min_length=1)
    name: str = Field(pattern=r"^\S(.*\S)?$")  # one line, not blank
    set: dict[str, Any] = Field(min_length=1)


Entry = str | Variant
Setting = tuple[list[str], Any]


def read_entries(
    values: Sequence[object], *, where: str, always: Sequence[str] = ()
) -> list[Entry]:
    """Return the entries of `strategies`, tables among them as variants.

    Args:
        values: What the file has.
        where: Name of the file, for messages.
        always: Strategies that are added where they are missing, whose names are thus taken.

    Raises:
        ConfigError: If a table lacks a key, has an unknown one, or has another entry's name.
    """
    entries: list[Entry] = [
        validate(Variant, value, where=f"Entry {number} of `strategies` in {where}")
        if isinstance(value, Mapping)
        else str(value)
        for number, value in enumerate(values, start=1)
    ]
    keys = [key_of(entry) for entry in entries]
    keys += [name for name in always if name not in entries]
    for entry in entries:
        if isinstance(entry, Variant) and keys.count(entry.name) > 1:
            raise ConfigError(
                f"Two entries of `strategies` in {where} are called {entry.name!r}; give each a "
                "`name` of its own."
            )
    return entries


def key_of(entry: Entry) -> str:
    """Return what an entry is called in the experiment: a variant's name, or the file's."""
    return entry.name if isinstance(entry, Variant) else entry


def file_of(entry: Entry) -> str:
    """Return the packaged name or the path of an entry's file."""
    return entry.strategy if isinstance(entry, Variant) else entry


def described(entry: Entry) -> str | dict[str, Any]:
    """Return an entry as a manifest has it, with file names in place of paths."""
    file = Path(file_of(entry)).name
    return (
        {**entry.model_dump(mode="json"), "strategy": file} if isinstance(entry, Variant) else file
    )


def names_for_set(entry: Entry) -> tuple[str, ...]:
    """Return the names by which --set may change an entry."""
    stem = Path(file_of(entry)).stem
    return (stem, entry.name) if isinstance(entry, Variant) else (stem,)


def strategy_tables(
    entry: Entry, file: Path, settings: Sequence[Setting]
) -> tuple[dict[str, Any], set[str]]:
    """Return the tables of an entry's strategy with all changes, and the keys that were changed.

    What --set says of the file comes first, then what makes the variant, then what --set says of
    the variant by its name.

    Args:
        entry: An entry of `strategies`.
        file: Its file.
        settings: What --set gives, as keys and values; the first key names a strategy.

    Raises:
        ConfigError: If a change goes through something that is no table.
    """
    tables = read_toml(file)
    changes = [(keys[1:], value, f"--set {file.stem}.") for keys, value in settings
               if keys[0] == file.stem]  # fmt: skip
    if isinstance(entry, Variant):
        tables["name"] = entry.name
        tables["description"] = f"{file.stem} with {_in_words(entry.set)}"
        here = f"`set` of {entry.name!r}: "
        changes += [(keys_of(key), value, here) for key, value in entry.set.items()]
        changes += [(keys[1:], value, f"--set {entry.name!r}.") for keys, value in settings
                    if keys[0] == entry.name and entry.name != file.stem]  # fmt: skip
    for path, table, whole in changes:
        for keys, value in _leaves(path, table):
            spell_out(tables, keys[0])
            assign(tables, keys, value, whole=whole)
    return tables, {keys[0] for keys, _, _ in changes}


def _leaves(keys: list[str], value: object) -> list[Setting]:
    """Return what a change sets: of a model's table that names no model only what it holds.

    TOML reads `prior.tau = 0.1` without quotes as such a table.
    """
    is_part = len(keys) == 1 and keys[0] in MODELS and isinstance(value, Mapping)
    return _flat(keys, value) if is_part else [(keys, value)]


def _flat(keys: list[str], value: object) -> list[Setting]:
    if not isinstance(value, Mapping) or not value or "model" in value:
        return [(keys, value)]
    return [leaf for key, inner in value.items() for leaf in _flat([*keys, key], inner)]


def _in_words(changes: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} = {value!r}" for key, value in changes.items())
