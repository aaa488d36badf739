"""Experiments as TOML files: which strategies, on what, and when."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictFloat, StrictInt

from blportfolio.config.baseline import DEFAULT, count_trials, find_baseline
from blportfolio.config.overrides import assign, parse_override
from blportfolio.config.strategy import StrategyConfig, parse_strategy
from blportfolio.config.toml import find_file
from blportfolio.config.variants import (
    Entry,
    Variant,
    described,
    file_of,
    key_of,
    names_for_set,
    read_entries,
    strategy_tables,
)
from blportfolio.errors import ConfigError
from blportfolio.toml import read_toml, unknown_key, validate
from blportfolio.validation import nearest_name

BASELINES = ("equal_weight", "min_variance")
"""Strategies that every comparison holds."""


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
        universe: Name of a data set, or path of a file of prices; or a list, each run by itself.
        strategies: Packaged names, paths of strategy files, or variants of either.
        contrast: Those of `strategies` whose Sharpe ratios the verdict compares, with the
            baselines' and with one another's.
        baseline: That of `strategies` with which every row is compared; by default minimum
            variance.
        trials: Configurations that were tried before these were chosen; by default those shown.
        backtest: When and at what cost.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: Literal[1] = 1
    name: str = Field(pattern=r"^[A-Za-z0-9_\-]+$")
    description: str = ""
    universe: str | Annotated[tuple[str, ...], Field(min_length=1)]
    strategies: tuple[Entry, ...] = Field(min_length=1)
    contrast: tuple[str, ...] = ()
    baseline: str | None = None
    trials: Annotated[StrictInt, Field(ge=1)] | None = None
    backtest: BacktestTable = Field(default_factory=BacktestTable)

    @property
    def universes(self) -> tuple[str, ...]:
        """What the experiment runs on, one after the other."""
        return (self.universe,) if isinstance(self.universe, str) else self.universe

    @property
    def keys(self) -> tuple[str, ...]:
        """What each of `strategies` is called here: its name or path, or the variant's name."""
        return tuple(key_of(entry) for entry in self.strategies)


@dataclass(frozen=True, slots=True)
class Experiment:
    """A resolved experiment: every combination as a strategy of its own.

    Attributes:
        config: The file with its overrides.
        strategies: One a row of the table, each under a name of its own.
        folder: Folder of the file, for relative paths.
        candidates: Names of the rows that the verdict is about.
        baselines: Names of the rows that it holds them against.
        baseline: Name of the strategy that every row is compared with.
        baseline_rows: Names of its rows.
        trials: Configurations that count as tried.
    """

    config: ExperimentConfig
    strategies: tuple[StrategyConfig, ...]
    folder: Path
    candidates: tuple[str, ...] = ()
    baselines: tuple[str, ...] = ()
    baseline: str = ""
    baseline_rows: tuple[str, ...] = ()
    trials: int = 1

    def resolved(self, *universes: str) -> dict[str, Any]:
        """Return everything that was decided, defaults included, ready for JSON.

        Args:
            universes: What the experiment runs on, where flags have replaced its own.

        Returns:
            The experiment, with file names in place of paths, and every strategy.
        """
        experiment = self.config.model_dump(mode="json")
        names = [Path(universe).name for universe in universes]
        experiment["universe"] = names if len(names) > 1 else names[0]
        experiment["strategies"] = [described(entry) for entry in self.config.strategies]
        experiment["contrast"] = [
            Path(name).name if name.endswith(".toml") else name for name in self.config.contrast
        ]
        if not experiment["contrast"]:
            del experiment["contrast"]
        experiment.update(baseline=self.baseline, trials=self.trials)
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
    baseline: str | None = None,
    trials: int | None = None,
    **flags: object,
) -> Experiment:
    """Load an experiment and resolve its strategies.

    Equal weight and Ledoit-Wolf minimum variance are added where they are missing: no strategy is
    shown without them.

    Args:
        experiment: A packaged name such as "sample", or the path of a TOML file.
        strategies: Names or paths that replace the experiment's own; or names of its variants.
        overrides: `key=value` in dotted form: "backtest.lookback=120" for the experiment, or
            "slp.prior.tau=0.1" for a strategy by its name or file, its variants included.
        other_data: Whether the experiment will run on other data than its own: its start, end,
            lookback and description are then left out, as they are about those.
        baseline: Strategy of the run that all others are compared with, instead of the file's.
        trials: Configurations that were tried, instead of the file's.
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
    settings = [parse_override(override) for override in overrides]
    for keys, value in settings:
        if keys[0] in ExperimentConfig.model_fields:
            assign(values, keys, value)
    own = values.get("strategies", ())
    listed = own if isinstance(own, list) else ()
    entries = read_entries(listed, where=path.name, always=BASELINES)
    if strategies:
        variants = {entry.name: entry for entry in entries if isinstance(entry, Variant)}
        entries = [variants.get(name, name) for name in strategies]
    chosen: dict[str, Entry] = {}
    if entries:
        chosen = {key_of(entry): entry for entry in [*entries, *BASELINES]}
        values["strategies"] = list(chosen.values())
    stems = {name for entry in chosen.values() for name in names_for_set(entry)}
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
    if strategies and isinstance(values.get("contrast"), list):
        # The experiment's own candidates, as far as they still run.
        values["contrast"] = [name for name in values["contrast"] if name in chosen]
    given = {"baseline": baseline, "trials": trials}
    values.update({key: value for key, value in given.items() if value is not None})
    config = validate(ExperimentConfig, values, where=f"Experiment file {path.name!r}")
    _check_names(config, path.name)
    rows: list[StrategyConfig] = []
    names_of: dict[str, tuple[str, ...]] = {}
    titles: dict[str, str] = {}
    for name, entry in zip(config.keys, config.strategies, strict=True):
        file = find_file("strategies", file_of(entry), beside=path.parent)
        source = f"{file.name}, variant {name}" if isinstance(entry, Variant) else file.name
        tables, changed = strategy_tables(entry, file, settings)
        parse_strategy(tables, source=source)
        own_rows = _combinations(tables, config.backtest, source, keep=changed)
        names_of[name] = tuple(row.name for row in own_rows)
        titles[name] = str(tables.get("name", file.stem))
        rows.extend(own_rows)
    names = [row.name for row in rows]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"Two strategies are called {name!r}; give each its own `name`.")
    candidates, baselines = (
        tuple(row for name in files for row in names_of[name])
        for files in (config.contrast, BASELINES)
    )
    # The experiment's own baseline, as far as it still runs.
    otherwise = DEFAULT if strategies and baseline is None else None
    title, baseline_rows = find_baseline(config.baseline, names_of, titles, otherwise=otherwise)
    n_universes = 1 if other_data else len(config.universes)
    counted = count_trials(config.trials, n_rows=len(rows), n_universes=n_universes)
    return Experiment(
        config, tuple(rows), path.parent, candidates, baselines, title, baseline_rows, counted
    )


def _check_names(config: ExperimentConfig, source: str) -> None:
    """Check that candidates are among the strategies, and that nothing is named twice.

    Raises:
        ConfigError: Naming what is wrong.
    """
    for name in config.contrast:
        if name not in config.keys:
            raise ConfigError(
                f"Experiment file {source!r}: `contrast` names {name!r}, which is not among its "
                f"strategies. {nearest_name(name, config.keys)}"
            )
        if name in BASELINES:
            raise ConfigError(
                f"Experiment file {source!r}: `contrast` names {name!r}, with which every "
                "candidate is compared anyway; remove it."
            )
    for key, values in (("contrast", config.contrast), ("universe", config.universes)):
        if len(set(values)) < len(values):
            raise ConfigError(f"Experiment file {source!r}: `{key}` names one twice: {values}.")


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
