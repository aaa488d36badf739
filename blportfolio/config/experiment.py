"""Experiments as TOML files: which strategies, on what, and when."""

from __future__ import annotations

import datetime as dt
import itertools
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictFloat, StrictInt

from blportfolio.config.strategy import StrategyConfig, parse_strategy
from blportfolio.config.toml import find_file
from blportfolio.errors import ConfigError
from blportfolio.toml import read_toml, unknown_key, validate

BASELINES = ("equal_weight", "min_variance")
"""Strategies that every comparison holds."""


MODELS = ("prior", "covariance", "optimise")
"""Tables of a strategy that name a model."""


class BacktestTable(BaseModel):
    """The [backtest] table; a list in it means every combination.

    Attributes:
        lookback: Returns in a training window.
        rebalance: A schedule's name, or n for every n periods.
        cost_bps: Cost in basis points of each unit bought and each unit sold.
        start: First date at which a decision may be made.
        end: Last date held.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    lookback: StrictInt | Annotated[list[StrictInt], Field(min_length=1)] | None = None
    rebalance: StrictInt | str | Annotated[list[StrictInt | str], Field(min_length=1)] = "month_end"
    cost_bps: StrictFloat | Annotated[list[StrictFloat], Field(min_length=1)] = 10.0
    start: dt.date | None = None
    end: dt.date | None = None


class ExperimentConfig(BaseModel):
    """A validated experiment file.

    Attributes:
        schema_version: Version of this layout, 1.
        name: Name of the experiment and of its folder of runs.
        description: One sentence.
        universe: Name of a data set, or path of a file of prices.
        strategies: Packaged names, or paths of strategy files.
        backtest: When and at what cost.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: Literal[1] = 1
    name: str = Field(pattern=r"^[A-Za-z0-9_\-]+$")
    description: str = ""
    universe: str
    strategies: tuple[str, ...] = Field(min_length=1)
    backtest: BacktestTable = Field(default_factory=BacktestTable)


@dataclass(frozen=True, slots=True)
class Experiment:
    """A resolved experiment: every combination as a strategy of its own.

    Attributes:
        config: The file with its overrides.
        strategies: One a row of the table, each under a name of its own.
        folder: Folder of the file, for relative paths.
    """

    config: ExperimentConfig
    strategies: tuple[StrategyConfig, ...]
    folder: Path

    def resolved(self, universe: str) -> dict[str, Any]:
        """Return everything that was decided, defaults included, ready for JSON.

        Args:
            universe: What the experiment runs on, where flags have replaced its own.

        Returns:
            The experiment, with file names in place of paths, and every strategy.
        """
        experiment = self.config.model_dump(mode="json")
        experiment["universe"] = Path(universe).name
        experiment["strategies"] = [Path(name).name for name in self.config.strategies]
        return {
            "experiment": experiment,
            "strategies": [strategy.resolved() for strategy in self.strategies],
        }


def load_experiment(
    experiment: str | Path,
    *,
    strategies: Sequence[str] = (),
    overrides: Sequence[str] = (),
    other_data: bool = False,
    **flags: object,
) -> Experiment:
    """Load an experiment and resolve its strategies.

    Equal weight and Ledoit-Wolf minimum variance are added where they are missing: no strategy is
    shown without them.

    Args:
        experiment: A packaged name such as "sample", or the path of a TOML file.
        strategies: Names or paths that replace the experiment's own.
        overrides: `key=value` in dotted form: "backtest.lookback=120" for the experiment, or
            "slp.prior.tau=0.1" for a strategy by its name or file.
        other_data: Whether the experiment will run on other data than its own: its start, end,
            lookback and description are then left out, as they are about those.
        flags: Values of the [backtest] table; None leaves the file's.

    Raises:
        ConfigError: If a file, key or value is wrong, or two rows would have the same name.
    """
    path = find_file("backtests", experiment)
    values = read_toml(path)
    if other_data:
        values.pop("description", None)
        if isinstance(values.get("backtest"), dict):
            for key in ("start", "end", "lookback"):
                values["backtest"].pop(key, None)
    settings = [_parse_override(override) for override in overrides]
    for keys, value in settings:
        if keys[0] in ExperimentConfig.model_fields:
            _assign(values, keys, value)
    named = strategies or values.get("strategies", ())
    chosen = [str(name) for name in named] if isinstance(named, list | tuple) else []
    if chosen:
        chosen = list(dict.fromkeys([*chosen, *BASELINES]))
        values["strategies"] = chosen
    stems = {Path(name).stem for name in chosen}
    for keys, _ in settings:
        if keys[0] not in {*stems, *ExperimentConfig.model_fields}:
            raise unknown_key(keys[0], [*stems, *ExperimentConfig.model_fields], where="--set")
        if keys[0] in stems and len(keys) == 1:
            raise ConfigError(
                f"--set {keys[0]}: name a setting of that strategy too, such as {keys[0]}.cost_bps."
            )
    table = values.setdefault("backtest", {})
    if isinstance(table, dict):
        table.update({key: value for key, value in flags.items() if value is not None})
    config = validate(ExperimentConfig, values, where=f"Experiment file {path.name!r}")
    rows = []
    for name in config.strategies:
        file = find_file("strategies", name, beside=path.parent)
        tables = read_toml(file)
        own = [(keys[1:], value) for keys, value in settings if keys[0] == file.stem]
        for keys, value in own:
            _spell_out(tables, keys[0])
            _assign(tables, keys, value, whole=f"{file.stem}.")
        parse_strategy(tables, source=file.name)
        chosen_here = {keys[0] for keys, _ in own}
        rows.extend(_combinations(tables, config.backtest, file.name, keep=chosen_here))
    names = [row.name for row in rows]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"Two strategies are called {name!r}; give each its own `name`.")
    return Experiment(config, tuple(rows), path.parent)


def _combinations(
    tables: dict[str, Any], backtest: BacktestTable, source: str, *, keep: set[str]
) -> list[StrategyConfig]:
    """Return the strategy once for every combination of the experiment's lists.

    What --set has given the strategy itself is in `keep`, and stays.
    """
    settings = {
        "lookback": backtest.lookback,
        "rebalance": backtest.rebalance,
        "cost_bps": backtest.cost_bps,
    }
    # A strategy's own file speaks where the experiment's says nothing.
    settings = {k: v for k, v in settings.items() if k in backtest.model_fields_set - keep}
    objective = parse_strategy(tables, source=source).objective()
    if not getattr(objective, "needs_distribution", True):
        # Equal weight trains nothing: one row, not one for each length of the window.
        lengths = settings.get("lookback")
        settings["lookback"] = max(lengths) if isinstance(lengths, list) else lengths
    lists = {key: value if isinstance(value, list) else [value] for key, value in settings.items()}
    rows = []
    for combination in itertools.product(*lists.values()):
        chosen = {k: v for k, v in zip(lists, combination, strict=True) if v is not None}
        varied = [_words(key, value) for key, value in chosen.items() if len(lists[key]) > 1]
        values = {**tables, **chosen}
        if varied:
            values["name"] = f"{tables.get('name', '')} ({', '.join(varied)})"
        rows.append(parse_strategy(values, source=source))
    return rows


def _words(key: str, value: object) -> str:
    if key == "cost_bps":
        return f"{value:g} bp"
    return f"lookback {value}" if key == "lookback" else str(value)


def _parse_override(override: str) -> tuple[list[str], Any]:
    key, sign, text = override.partition("=")
    keys = _keys_of(key)
    if not sign or not all(keys):
        raise ConfigError(f"--set takes key=value such as backtest.lookback=120, got {override!r}.")
    try:
        return keys, tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return keys, text.strip()


def _keys_of(text: str) -> list[str]:
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


def _spell_out(tables: dict[str, Any], key: str) -> None:
    """Write a model that is given by name alone, or left to its default, as a table."""
    if key in MODELS:
        default = StrategyConfig.model_fields[key].get_default(call_default_factory=True)
        table = tables.setdefault(key, default)
        if isinstance(table, str):
            tables[key] = {"model": table}


def _assign(values: dict[str, Any], keys: list[str], value: object, *, whole: str = "") -> None:
    for key in keys[:-1]:
        inner = values.setdefault(key, {})
        if not isinstance(inner, dict):
            raise ConfigError(
                f"--set {whole}{'.'.join(keys)}: `{key}` is {inner!r}, not a table; set all of it."
            )
        values = inner
    values[keys[-1]] = value
