"""An order of a backtest as JSON: checked, written as a command, and carried out."""

from __future__ import annotations

import os
import shlex
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictFloat, StrictInt

from blportfolio.backtest import first_decision
from blportfolio.config import Experiment, load_experiment
from blportfolio.data import MarketData
from blportfolio.errors import ConfigError, OutputError
from blportfolio.folders import new_folder
from blportfolio.runs.running import DataChoice, data_choices, run_and_write
from blportfolio.toml import validate

BASE = "sample"
"""Experiment whose schedule and costs an order starts from."""

MOST = 6
"""Strategies that an order chooses; equal weight and minimum variance are added."""

LAST = "Comparing the strategies, drawing charts and tables"
FLAGS = ("returns", "max_gap", "adjust", "calendar", "sheet", "date_order", "decimal", "max_bytes")
"""Options of `load_prices` that the command line has flags for."""

Progress = Callable[..., None]


class Order(BaseModel):
    """What to run, on what, and when; everything as JSON holds it.

    Attributes:
        strategies: Packaged names, one at least and `MOST` at most.
        source: "dataset" for a name that `load_dataset` knows, "file" for a file of prices.
        reference: That name, or the file's path.
        reading: Options of `load_prices` for a file.
        called: What the owner calls a file, or its tickers; by default its name.
        lookback: Returns in a training window; several mean each of them; none leaves them to the
            strategies.
        start: First date of a decision, ISO.
        end: Last date held, ISO.
        cost_bps: Cost of each unit bought and each unit sold, basis points.
        baseline: Strategy that every other is compared with; by default minimum variance.
        trials: Configurations that were tried; by default those that run.
        seed: Of random draws.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    strategies: tuple[str, ...] = Field(min_length=1, max_length=MOST)
    source: Literal["dataset", "file"] = "dataset"
    reference: str = Field(min_length=1)
    reading: dict[str, Any] = Field(default_factory=dict)
    called: str = ""
    lookback: tuple[StrictInt, ...] = ()
    start: str | None = None
    end: str | None = None
    cost_bps: StrictFloat | StrictInt = 10.0
    baseline: str | None = None
    trials: StrictInt | None = None
    seed: StrictInt = Field(default=0, ge=0)


def read_order(settings: Mapping[str, Any]) -> Order:
    """Return the order that a document describes.

    Raises:
        ConfigError: Naming what is wrong.
    """
    return validate(Order, settings, where="The order of a backtest")


def experiment_of(order: Order) -> Experiment:
    """Return the experiment that an order asks for, as `blportfolio backtest` would load it.

    Raises:
        ConfigError: If a strategy or a value is wrong.
    """
    lengths = list(order.lookback)
    return load_experiment(
        BASE,
        strategies=order.strategies,
        other_data=True,
        start=order.start,
        end=order.end,
        lookback=(lengths[0] if len(lengths) == 1 else lengths) or None,
        cost_bps=float(order.cost_bps),
        baseline=order.baseline,
        trials=order.trials,
    )


def check_order(order: Order, market: MarketData) -> Experiment:
    """Return the experiment of an order, after asking whether each strategy can decide at all.

    Raises:
        ConfigError: If a strategy or a value is wrong.
        DataError: If the data or the dates leave a strategy nothing to decide.
    """
    experiment = experiment_of(order)
    for strategy in experiment.strategies:
        first_decision(strategy, market, start=order.start, end=order.end)
    return experiment


def command_of(order: Order) -> str:
    """Return the command that runs the same experiment; a file is named without its folder."""
    words = ["blportfolio", "backtest"]
    if order.source == "file":
        called = Path(order.called or order.reference).name
        words += ["--prices", called, *_reading_flags(order.reading)]
    else:
        words += ["--dataset", order.reference]
    for name in order.strategies:
        words += ["--strategy", name]
    single = {
        "--start": order.start,
        "--end": order.end,
        "--lookback": order.lookback[0] if len(order.lookback) == 1 else None,
        "--cost-bps": f"{order.cost_bps:g}",
        "--baseline": order.baseline,
        "--trials": order.trials,
        "--seed": order.seed or None,
    }
    for flag, value in single.items():
        words += [] if value is None else [flag, str(value)]
    if len(order.lookback) > 1:
        words += ["--set", f"backtest.lookback={list(order.lookback)}"]
    return shlex.join(words)


def backtest(settings: Mapping[str, Any], folder: Path, progress: Progress) -> dict[str, Any]:
    """Carry out an order, and put its run into a folder of runs when it is finished.

    Args:
        settings: An order, and `runs`, the path of the folder of runs.
        folder: Where it may work; nothing else is written before the run is finished.
        progress: Called with the name of a step, steps done and all; all is 0 where that is not
            known.

    Returns:
        `run`, the path of the run; `run_id`, `experiment` and `strategies`, how many ran.

    Raises:
        BLPortfolioError: Whatever is wrong with the order, or goes wrong in it.
    """
    document = dict(settings)
    runs = document.pop("runs", None)
    if not runs:
        raise ConfigError("The order of a backtest must say in `runs` where its run is kept.")
    order = read_order(document)
    experiment = experiment_of(order)
    check_writable(Path(runs))
    progress("Loading the data", 0, 0)
    choice = _choice_of(order, experiment)
    market = choice.load()
    names = [strategy.name for strategy in experiment.strategies]

    def told(name: str, done: int, total: int, **_: object) -> None:
        place = f", strategy {names.index(name) + 1} of {len(names)}" if name in names else ""
        progress(f"{name}{place}", done, total)
        if name == names[-1] and done == total:
            progress(LAST, 0, 0)

    made, summary = run_and_write(
        experiment,
        [(choice, market)],
        command=command_of(order),
        runs=folder / "made",
        seed=order.seed,
        progress=told,
    )
    target = Path(runs) / made.parent.name / made.name
    copy_run(made, target)
    return {
        "run": str(target),
        "run_id": made.name,
        "experiment": summary["experiment"],
        "strategies": len(summary["strategies"]),
    }


def check_writable(runs: Path) -> None:
    """Ask whether runs can be kept in a folder, before the work that would be lost.

    Raises:
        OutputError: If it cannot be made or written to.
    """
    there = next(place for place in (runs, *runs.absolute().parents) if os.path.exists(place))
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        raise OutputError(
            f"The folder of runs {str(runs)!r} cannot be written to: {error.strerror or error}. "
            "Start the dashboard with --runs and a folder that can."
        ) from error


def copy_run(run: Path, target: Path) -> Path:
    """Copy the folder of a run; it appears whole or not at all.

    Raises:
        OutputError: If there is one already, or it cannot be written.
    """
    with new_folder(target) as part:
        shutil.copytree(run, part, dirs_exist_ok=True)
    return target


def _choice_of(order: Order, experiment: Experiment) -> DataChoice:
    path = Path(order.reference) if order.source == "file" else None
    dataset = order.reference if order.source == "dataset" else None
    name = {"name": Path(order.called).stem} if path is not None and order.called else {}
    reading = {**order.reading, **name}
    (choice,) = data_choices(experiment, path, dataset, reading=reading, min_coverage=None)
    return choice


def _reading_flags(reading: Mapping[str, Any]) -> list[str]:
    """Return the flags that read a file in the same way.

    Raises:
        ConfigError: If the command line has none for an option.
    """
    words: list[str] = []
    for name, value in sorted(reading.items()):
        if name not in FLAGS:
            raise ConfigError(
                f"The command line has no flag for `{name}` of a file; use bl.load_prices in "
                "Python."
            )
        flag = f"--{name.replace('_', '-')}"
        if value is True:
            words.append(flag)
        elif value not in (False, None):
            words += [flag, str(value)]
    return words
