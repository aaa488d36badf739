"""Strategies and experiments from TOML, validated."""

from blportfolio.config.experiment import (
    BASELINES,
    BacktestTable,
    Experiment,
    ExperimentConfig,
    load_experiment,
)
from blportfolio.config.strategy import (
    SCHEDULES,
    SCHEMA_VERSION,
    StrategyConfig,
    check_schedule,
    check_views,
    load_strategy,
)
from blportfolio.config.toml import packaged_names

__all__ = [
    "BASELINES",
    "SCHEDULES",
    "SCHEMA_VERSION",
    "BacktestTable",
    "Experiment",
    "ExperimentConfig",
    "StrategyConfig",
    "check_schedule",
    "check_views",
    "load_experiment",
    "load_strategy",
    "packaged_names",
]
