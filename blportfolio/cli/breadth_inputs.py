"""What `blportfolio replicate breadth` runs: settings, strategies and data, from file and flags."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from blportfolio.errors import ConfigError, DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from blportfolio.config import Experiment, StrategyConfig
    from blportfolio.data import MarketData
    from blportfolio.research.breadth import Settings

BASELINES = ("equal_weight", "inverse_variance", "min_variance")
FLOOR = "markowitz"


def settings_of(
    experiment: Experiment,
    *,
    windows: tuple[int, ...],
    monthly: tuple[int, ...],
    costs: tuple[float, ...],
    quick: bool,
    seed: int,
) -> Settings:
    """Return the settings of an experiment, as flags change them."""
    from blportfolio.research.breadth import Settings

    table = experiment.config.backtest
    usual = Settings()
    lookback = table.lookback if isinstance(table.lookback, list) else [table.lookback]
    own = tuple(length for length in lookback if length is not None) or usual.windows
    charged = table.cost_bps if isinstance(table.cost_bps, list) else [table.cost_bps]
    return Settings(
        windows=windows or ((252,) if quick else own),
        coarse_windows=monthly or ((60,) if quick else usual.coarse_windows),
        costs=costs or ((10.0,) if quick else tuple(charged)),
        start=None if table.start is None else str(table.start),
        end=None if table.end is None else str(table.end),
        n_draws=999 if quick else usual.n_draws,
        seed=seed,
    )


def strategies_of(
    experiment: Experiment, added: Sequence[str], against: Sequence[str]
) -> tuple[list[StrategyConfig], list[str], list[str], str | None]:
    """Return all strategies, and the names of candidates, baselines and the floor.

    Raises:
        ConfigError: If two have one name, or a candidate has no baseline but itself.
    """
    from blportfolio.config import load_strategy

    rows = list(experiment.strategies)

    def named(wanted: str) -> str:
        for row in rows:
            if wanted.casefold() == row.name.casefold():
                return row.name
        config = load_strategy(wanted, beside=experiment.folder)
        if config.name not in {row.name for row in rows}:
            rows.append(config)
        return config.name

    baselines = list(dict.fromkeys(named(one) for one in against or BASELINES))
    floor = load_strategy(FLOOR).name
    candidates = list(experiment.candidates)
    if added:
        own = [load_strategy(one) for one in added]
        for config in own:
            same = next((row for row in rows if row.name == config.name), None)
            if same is None:
                rows.append(config)
            elif same.resolved() | {"lookback": None} != config.resolved() | {"lookback": None}:
                raise ConfigError(
                    f"Two strategies are called {config.name!r}; give yours another `name`."
                )
        candidates = list(dict.fromkeys(config.name for config in own))
    if not candidates:
        raise ConfigError(
            f"The experiment {experiment.config.name!r} says with no `contrast` what is judged; "
            "name it with --strategy."
        )
    for name in candidates:
        if baselines == [name]:
            raise ConfigError(f"{name!r} cannot be its own only --baseline; name another.")
    return rows, candidates, baselines, floor if floor in {row.name for row in rows} else None


def markets_of(
    experiment: Experiment,
    chosen: Sequence[str],
    datasets: Sequence[str],
    files: Sequence[Path],
    *,
    returns: bool,
) -> tuple[dict[str, MarketData], list[str]]:
    """Return the data by name, and sentences on universes of the experiment that are not here.

    Raises:
        ConfigError: If a universe is unknown, or two have one name.
        DataError: If the user's own data cannot be read, or no universe is here.
    """
    from blportfolio.cli.reading import given_options
    from blportfolio.runs.running import DataChoice
    from blportfolio.validation import nearest_name

    known = experiment.config.universes
    for name in chosen:
        if name not in known:
            raise ConfigError(
                f"--universe {name!r} is none of the experiment's. {nearest_name(name, known)} "
                "Others are taken by --dataset."
            )
    named = [name for name in known if name in chosen or not (chosen or datasets or files)]
    reading = given_options(returns=returns)
    asked: list[tuple[str, Path | None, str | None, dict[str, object]]] = [
        *((name, None, None, {}) for name in named),
        *((name, None, name, {}) for name in datasets),
        *((str(path), path, None, reading) for path in files),
    ]
    markets: dict[str, MarketData] = {}
    missing: list[str] = []
    for name, path, dataset, options in asked:
        choice = DataChoice(experiment, name, path, dataset, reading=options, min_coverage=None)
        if choice.label in markets:
            raise ConfigError(f"Two universes are called {choice.label!r}; rename a file.")
        try:
            markets[choice.label] = choice.load()
        except DataError as error:
            if path is not None or dataset is not None:
                raise
            missing.append(f"{name}, left out: {error}")
    if not markets:
        raise DataError(f"No universe is here. {' '.join(missing)}")
    return markets, missing
