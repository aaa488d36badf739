"""Two backtests over the same periods held against each other: one record a pair, and its text."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from blportfolio.backtest import BacktestResult
from blportfolio.report.inference import (
    BootstrapDifference,
    bootstrap_sharpe_difference,
    sharpe_difference,
)

NEGLIGIBLE = 1e-6
"""Differences of Sharpe ratios that are the rounding of solvers."""

DRAWS = 1_999
"""Resampled histories behind an interval and its p-value."""

TEST = "studentised circular block bootstrap, Ledoit and Wolf (2008)"


def is_comparable(first: BacktestResult, second: BacktestResult) -> bool:
    """Whether the two pay the same costs on the same schedule."""
    return all(first.manifest[key] == second.manifest[key] for key in ("cost_bps", "rebalance"))


def compare_pair(
    first: BacktestResult, second: BacktestResult, *, is_baseline: bool, seed: int = 0
) -> dict[str, Any]:
    """Compare the net Sharpe ratios of two backtests, ready for JSON: NaN as None.

    Args:
        first: A finished backtest.
        second: Another over the same periods.
        is_baseline: Whether the second is one that the first is held against.
        seed: Of the bootstrap.

    Returns:
        Names, the two ratios, `difference`, first less second, with `low`, `high` and two-sided
        `p_value` by the studentised circular block bootstrap (of `draws`, in blocks of `block`
        periods), and `standard_error`, `hac_low`, `hac_high` and `hac_p_value` in closed form with
        `lags` autocovariances. `finding` is "better" or "worse" where the interval excludes 0, else
        "open", or "undefined" without a ratio; `weights_apart` is the mean over decisions of
        ½Σ|w − w'|, `views_weight` how far the views of the first moved its expected returns from
        prior to view, None without views.

    References:
        Ledoit and Wolf (2008), Robust performance hypothesis testing with the Sharpe ratio.
    """
    periods = first.periods_per_year
    closed = sharpe_difference(first.returns, second.returns, periods_per_year=periods)
    drawn = bootstrap_sharpe_difference(
        first.returns, second.returns, periods_per_year=periods, n_draws=DRAWS, seed=seed
    )
    figures = {
        "first_sharpe": closed.first,
        "second_sharpe": closed.second,
        "difference": closed.value,
        "standard_error": closed.standard_error,
        "low": drawn.low,
        "high": drawn.high,
        "p_value": drawn.p_value,
        "hac_low": closed.low,
        "hac_high": closed.high,
        "hac_p_value": closed.p_value,
        "weights_apart": _weights_apart(first.weights, second.weights),
        "views_weight": _views_weight(first.views),
    }
    return {
        "first": first.name,
        "second": second.name,
        "is_baseline": is_baseline,
        **{key: finite(value) for key, value in figures.items()},
        "level": closed.level,
        "lags": closed.lags,
        "block": drawn.block,
        "draws": drawn.n_draws,
        "finding": finding_of(drawn),
    }


def finite(value: float) -> float | None:
    """Return a number as JSON can hold it."""
    return float(value) if math.isfinite(value) else None


def _weights_apart(first: pd.DataFrame, second: pd.DataFrame) -> float:
    """Return the mean over decisions of ½Σ|w − w'|: the share that is invested otherwise."""
    return float((first - second).abs().sum(axis=1).mean() / 2)


def _views_weight(views: pd.DataFrame) -> float:
    """Return the slope of posterior less prior on view less prior, over all views; else NaN."""
    if views.empty:
        return math.nan
    prior, view, posterior = views[["prior", "view", "posterior"]].to_numpy(dtype=float).T
    said, done = view - prior, posterior - prior
    size = float(said @ said)
    return float(said @ done) / size if size > 0 else math.nan


def finding_of(found: BootstrapDifference) -> str:
    """Return "better" or "worse" where an interval excludes 0, else "open"; or "undefined"."""
    if math.isnan(found.value):
        return "undefined"
    return "better" if found.low > NEGLIGIBLE else "worse" if found.high < -NEGLIGIBLE else "open"


def difference_text(record: Mapping[str, Any]) -> str:
    """Return a difference with its interval, with as many digits as tell its width."""
    values = [record[key] for key in ("difference", "low", "high")]
    digits = 2
    if None not in values:
        width = values[2] - values[1]
        digits = 2 if width < NEGLIGIBLE else max(2, 1 - math.floor(math.log10(width)))
    value, least, most = (number_text(value, digits) for value in values)
    return f"{value} [{least}, {most}]"


def number_text(value: float | None, digits: int = 2) -> str:
    """Return a number with no minus before a zero; "n/a" where there is none."""
    if value is None:
        return "n/a"
    text = f"{value:.{digits}f}"
    return text.removeprefix("-") if float(text) == 0 else text


def p_text(value: float | None) -> str:
    """Return a p-value: two digits, three where it is below 0.1."""
    if value is None:
        return "n/a"
    return "< 0.001" if value < 0.001 else f"{value:.{3 if value < 0.0995 else 2}f}"


def chance_text(value: float | None) -> str:
    """Return a probability; one is never said to be certain."""
    if value is None:
        return "n/a"
    return "> 0.99" if value > 0.99 else "< 0.01" if value < 0.01 else f"{value:.2f}"


def equals(value: float) -> str:
    """Return a p-value as a sentence gives it, with its sign."""
    text = p_text(value)
    return text if text.startswith("<") else f"= {text}"


def share_text(value: float | None) -> str:
    """Return a share in percent."""
    if value is None:
        return "n/a"
    return "less than 0.1 %" if 0 < abs(value) < 0.0005 else f"{100 * value:.1f} %"


def listed(names: Sequence[str], word: str) -> str:
    """Return names as a sentence lists them."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} {word} {names[-1]}"
