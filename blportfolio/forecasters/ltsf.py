"""The long-term forecasting benchmark: closed-form linear forecasters by its standard protocol."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, reduce
from importlib import resources
from operator import add
from pathlib import Path

import numpy as np

from blportfolio.errors import DataError
from blportfolio.forecasters.decomposition_linear import DecompositionLinearForecaster
from blportfolio.forecasters.last_value import LastValueForecaster
from blportfolio.forecasters.linear import LinearForecaster
from blportfolio.forecasters.linear_residual import LinearResidualForecaster
from blportfolio.forecasters.ridge import RidgeForecaster
from blportfolio.forecasters.ridge_moments import RidgeMoments, choose_penalty, solve_ridge
from blportfolio.forecasters.windows import Windows, hankel_windows
from blportfolio.types import FloatArray
from blportfolio.validation import check_choice, first_true

HORIZONS = (96, 192, 336, 720)
LOOKBACK = 336

FILES = {
    "ETTh1": ("ETTh1.csv",),
    "ETTh2": ("ETTh2.csv",),
    "Exchange": ("exchange_rate.txt.gz", "exchange_rate.txt", "exchange_rate.csv"),
}
"""Names under which a data set is looked for."""

PENALTIES = tuple(10.0**power for power in range(-8, 1))
"""Up to the mean square of a column: what was published has no penalty at all, and a heavier one
turns NLinear into Repeat where that is better, as on Exchange."""

MODELS: dict[str, RidgeForecaster | LastValueForecaster] = {
    "NLinear": LinearResidualForecaster(PENALTIES),
    "Linear": LinearForecaster(PENALTIES),
    "DLinear": DecompositionLinearForecaster(PENALTIES),
    "Repeat": LastValueForecaster(),
}
"""Our forecasters by the names that the benchmark gives them."""

ETT_ROWS = (8_640, 2_880, 2_880)
"""Training, validation and test rows of the hourly ETT sets: 12, 4 and 4 months of 30 days."""


@dataclass(frozen=True, slots=True)
class LtsfCell:
    """What one forecaster scored on one data set at one horizon.

    Attributes:
        data_set: Name of the data set.
        model: Name of the forecaster in the benchmark.
        horizon: Steps forecast.
        lookback: Values that the forecaster looks at.
        mse: Mean squared error over windows, steps and channels, standardised units.
        mae: Mean absolute error, likewise.
        penalty: Relative ridge penalty chosen on the validation part; None where there is none.
        seconds: Time that fitting and scoring took.
    """

    data_set: str
    model: str
    horizon: int
    lookback: int
    mse: float
    mae: float
    penalty: float | None
    seconds: float


@dataclass(frozen=True, slots=True)
class PublishedCell:
    """A published score, with its look-back: rows of unlike look-backs are not one contest.

    Attributes:
        data_set: Name of the data set.
        model: Name of the model in its source.
        horizon: Steps forecast.
        lookback: Values that the model looks at.
        mse: Mean squared error, standardised units.
        mae: Mean absolute error, likewise.
        source: Paper and table.
        note: What a reader must know of the figure; empty where it was read in its source.
    """

    data_set: str
    model: str
    horizon: int
    lookback: int
    mse: float
    mae: float
    source: str
    note: str


@cache
def published() -> tuple[PublishedCell, ...]:
    """Return the published scores that are packaged."""
    file = resources.files("blportfolio.forecasters").joinpath("ltsf_published.json")
    facts = json.loads(file.read_text(encoding="utf-8"))
    return tuple(
        PublishedCell(
            row["data_set"],
            row["model"],
            horizon,
            facts["models"][row["model"]]["lookback"],
            float(scores[0]),
            float(scores[1]),
            facts["models"][row["model"]]["source"],
            row.get("note", ""),
        )
        for row in facts["rows"]
        for horizon, scores in zip(facts["horizons"], row["scores"], strict=True)
    )


def run_ltsf(
    folder: Path | str,
    *,
    data_sets: Sequence[str] = tuple(FILES),
    models: Sequence[str] = tuple(MODELS),
    horizons: Sequence[int] = HORIZONS,
    lookback: int = LOOKBACK,
    progress: Callable[[int, int], None] | None = None,
) -> list[LtsfCell]:
    """Score forecasters on the benchmark.

    The protocol is that of Zeng et al. (2023): channels are standardised by their training part;
    weights are shared over channels; windows of the validation and test parts reach back into the
    part before for their context; every test window counts. The penalty is the one with the least
    squared error on the validation part.

    Args:
        folder: Where the files of the data sets are.
        data_sets: Names out of `FILES`.
        models: Names out of `MODELS`.
        horizons: Steps to forecast.
        lookback: Values to look at.
        progress: Called after each cell with the number done and the number of all.

    Raises:
        ConfigError: If a name is unknown.
        DataError: If a file is missing or damaged, or a part too short for the windows.
    """
    for name in data_sets:
        check_choice(name, FILES, name="data_sets")
    for name in models:
        check_choice(name, MODELS, name="models")
    count = len(data_sets) * len(models) * len(horizons)
    cells: list[LtsfCell] = []
    for data_set in data_sets:
        parts = load_ltsf(folder, data_set, lookback)
        for horizon in horizons:
            for model in models:
                cells.append(_score(data_set, parts, model, horizon, lookback))
                if progress is not None:
                    progress(len(cells), count)
    return cells


def load_ltsf(folder: Path | str, data_set: str, lookback: int) -> tuple[FloatArray, ...]:
    """Return the (n_rows, n_channels) standardised training, validation and test parts.

    Validation and test begin `lookback` rows early, for the context of their first window.

    Raises:
        DataError: If the file is missing, damaged or too short.
    """
    values = _read(_find(Path(folder), data_set))
    rows = len(values)
    if data_set.startswith("ETT"):
        train, validation, test = ETT_ROWS
    else:
        train, test = int(0.7 * rows), int(0.2 * rows)
        validation = rows - train - test
    if rows < train + validation + test or lookback >= train:
        raise DataError(
            f"`folder` holds {rows} rows of {data_set}; its splits need {train} for training, "
            f"{validation} for validation and {test} for test, and a context of {lookback}."
        )
    spread = values[:train].std(axis=0)
    scaled = (values - values[:train].mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    edges = ((0, train), (train - lookback, train + validation))
    last = (train + validation - lookback, train + validation + test)
    return tuple(scaled[begin:end] for begin, end in (*edges, last))


def _score(
    data_set: str, parts: tuple[FloatArray, ...], model: str, horizon: int, lookback: int
) -> LtsfCell:
    start = time.perf_counter()
    forecaster = MODELS[model]
    train, validation, test = parts
    penalty, weights, intercept = None, None, None
    if isinstance(forecaster, RidgeForecaster):
        learned = _moments(forecaster, train, lookback, horizon)
        judged = _moments(forecaster, validation, lookback, horizon)
        penalties: tuple[float, ...] = forecaster.penalties  # type: ignore[assignment]
        penalty = choose_penalty(learned, judged, penalties, intercept=forecaster.intercept)
        weights, intercept = (solved[0] for solved in solve_ridge(learned, (penalty,)))
    squares = absolutes = count = 0.0
    for windows in _by_channel(test, lookback, horizon):
        error = windows.last[:, None] - windows.target
        if weights is not None and isinstance(forecaster, RidgeForecaster):
            offset = forecaster.offset(windows.context)[:, None]
            error = offset + forecaster.design(windows.context) @ weights + intercept
            error -= windows.target
        squares += float(np.vdot(error, error))
        absolutes += float(np.abs(error).sum())
        count += error.size
    seconds = time.perf_counter() - start
    scores = squares / count, absolutes / count
    return LtsfCell(data_set, model, horizon, lookback, *scores, penalty, seconds)


def _moments(
    forecaster: RidgeForecaster, part: FloatArray, lookback: int, horizon: int
) -> RidgeMoments:
    """Return the moments over all channels, one channel in memory at a time."""
    return reduce(
        add,
        (
            RidgeMoments.of(
                forecaster.design(windows.context),
                windows.target - forecaster.offset(windows.context)[:, None],
            )
            for windows in _by_channel(part, lookback, horizon)
        ),
    )


def _by_channel(part: FloatArray, lookback: int, horizon: int) -> Iterator[Windows]:
    for channel in part.T:
        yield hankel_windows(channel, lookback, horizon)


def _find(folder: Path, data_set: str) -> Path:
    for name in FILES[data_set]:
        if (folder / name).is_file():
            return folder / name
    raise DataError(
        f"`folder` {str(folder)!r} holds no {' or '.join(FILES[data_set])}; {data_set} is not "
        "packaged, so give the folder into which you put it."
    )


def _read(path: Path) -> FloatArray:
    """Return the numbers of a file; a header and a column of dates are left out."""
    try:
        has_dates = path.suffix == ".csv"
        texts = np.loadtxt(path, dtype=str, delimiter=",", skiprows=int(has_dates), ndmin=2)
        values = texts[:, int(has_dates) :].astype(float)
    except (OSError, ValueError, EOFError) as error:
        raise DataError(f"{path} is no table of numbers: {error}.") from error
    if not np.isfinite(values).all() or not values.size:
        row = first_true(~np.isfinite(values))[0] if values.size else 0
        raise DataError(f"{path} must hold finite numbers only; look at data row {row + 1}.")
    return values
