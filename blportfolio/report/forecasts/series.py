"""The series that the dashboard's contest is held on: of a market, or simulated."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from blportfolio.data import MarketData
from blportfolio.errors import ConfigError, DataError
from blportfolio.forecasters.asymmetric.returns import (
    R2,
    SCENARIOS,
    lag_coefficients,
    simulate_returns,
)
from blportfolio.forecasters.checks import check_whole
from blportfolio.forecasters.comparison.panel import Kind, Panel
from blportfolio.validation import check_choice, check_date, nearest_name

FIRST_DAY = "2000-01-03"
"""First date of simulated series; it means nothing."""
LEAST_SIMULATED, MOST_SIMULATED = 200, 20_000
MOST_TEST = 0.9
"""Largest share of the rows that a contest may test on."""


def simulated_panel(scenario: str, *, n: int, seed: int) -> tuple[Panel, tuple[str, ...]]:
    """Return daily log returns whose best forecast is known, and what is known about them.

    Args:
        scenario: One of `SCENARIOS`: where in the last eight days the signal is, if anywhere.
        n: Days.
        seed: Of the draw.

    Raises:
        ConfigError: If there is no such scenario, or a number is out of range.
    """
    check_choice(scenario, SCENARIOS, name="scenario")
    check_whole(n, LEAST_SIMULATED, most=MOST_SIMULATED, name="n")
    check_whole(seed, 0, name="seed")
    rng = np.random.default_rng(seed)
    coefficients = lag_coefficients(scenario, rng)
    values = simulate_returns(coefficients, n, rng)
    dates = pd.bdate_range(FIRST_DAY, periods=n).to_numpy()
    name = f"simulated_{scenario.replace(' ', '_').replace('-', '_')}"
    known = (
        f"On average the best forecast of the next day explains {R2:.0%} of the variance."
        if coefficients.any()
        else "Nothing in it can be forecast."
    )
    note = f"Simulated daily returns, seed {seed}; the dates mean nothing. {known}"
    return Panel(values, (scenario,), "returns", dates, name), (note,)


def cut_panel(
    market: MarketData, assets: Sequence[str], *, kind: Kind, start: str | None = None
) -> tuple[Panel, tuple[str, ...]]:
    """Return the series of a market from a date on, and what is known about the data.

    Args:
        market: Prices.
        assets: Assets to take.
        kind: `returns` for log returns, `levels` for log prices.
        start: First date of the prices; by default all.

    Raises:
        DataError: If no date is left.
        ConfigError: If there is no such asset or kind, or `start` is no date.
    """
    if not assets:
        raise ConfigError("`assets` must name one or more; choose a series.")
    if start is not None:
        check_date(start, name="start")
        whole, market = market, market.between(start, None)
        for asset in assets:
            if asset in whole.assets and asset not in market.assets:
                raise DataError(
                    f"{asset!r} has no prices that change from {start} on; choose an earlier date "
                    "or another series."
                )
    return market_panel(market, assets, kind=kind)


def market_panel(
    market: MarketData, assets: Sequence[str] = (), *, kind: Kind = "returns"
) -> tuple[Panel, tuple[str, ...]]:
    """Return the series of a market as a contest takes them, and what is known about the data.

    Args:
        market: Prices.
        assets: Assets to take, in that order; by default all that are ever members.
        kind: `returns` for log returns, `levels` for log prices.

    Raises:
        ConfigError: If there is no such asset, or no such kind.
    """
    check_choice(kind, ("returns", "levels"), name="kind")
    values = market.returns("log") if kind == "returns" else market.prices.transform(np.log)
    notes = tuple(market.notes)
    spans = {} if market.membership is None else market.membership
    never = [name for name, times in spans.items() if not times and name not in assets]
    if 0 < len(never) < len(market.assets):
        notes = (*notes, f"Left out what is never a member: {', '.join(never)}.")
        values = values.drop(columns=never)
    chosen = choose_columns(values, assets, market.name)
    labels = tuple(str(label) for label in chosen.columns)
    return Panel(chosen.to_numpy(), labels, kind, chosen.index.to_numpy(), market.name), notes


def choose_columns(frame: pd.DataFrame, columns: Sequence[str], name: str) -> pd.DataFrame:
    """Return the columns asked for, all by default.

    Args:
        frame: The table.
        columns: Names, in the order wanted.
        name: What the table is called.

    Raises:
        ConfigError: If one is not there.
    """
    known = [str(label) for label in frame.columns]
    for column in columns:
        if column not in known:
            raise ConfigError(f"{name!r} has no column {column!r}. {nearest_name(column, known)}")
    wanted = list(dict.fromkeys(columns)) or known
    return frame.iloc[:, [known.index(column) for column in wanted]]


def share_of_test(panel: Panel, test_from: str) -> float:
    """Return the share of the rows that is the test, if it begins at a date.

    Args:
        panel: Series with dates.
        test_from: First date of the test; the next row where there is none on it.

    Returns:
        The shortest decimal that gives this very row.

    Raises:
        DataError: If rows have no dates, or none lies before the test or in it.
    """
    if panel.dates is None:
        raise DataError("`test_from` needs dates, and these series have none.")
    n_obs = len(panel.values)
    first = int(
        np.searchsorted(panel.dates, np.datetime64(check_date(test_from, name="test_from")))
    )
    if not 0 < first < n_obs:
        raise DataError(
            f"`test_from` must leave rows before it and after it; {test_from} does not: the "
            f"series run from {panel.row_label(0)} to {panel.row_label(n_obs - 1)}."
        )
    wanted = n_obs - first
    if wanted > MOST_TEST * n_obs:
        raise DataError(
            f"`test_from` must leave a tenth of the rows to learn from or more; {test_from} leaves "
            f"{first} of {n_obs}. Choose a later date."
        )
    for digits in range(1, 17):
        share = round(wanted / n_obs, digits)
        if round(share * n_obs) == wanted:
            return share
    return wanted / n_obs


def panel_csv(panel: Panel) -> str:
    """Return the series as CSV: simple returns of log returns, levels as they are.

    `blportfolio forecast compare FILE` reads it with --returns, or with --levels.
    """
    values = np.expm1(panel.values) if panel.kind == "returns" else panel.values
    index = None if panel.dates is None else pd.DatetimeIndex(panel.dates, name="date")
    text: str = pd.DataFrame(values, columns=list(panel.labels), index=index).to_csv(
        index=index is not None
    )
    return text
