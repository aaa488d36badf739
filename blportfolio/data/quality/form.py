"""What the values are: prices, returns, logarithms, or returns of prices."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from blportfolio.data.bars import Bars
from blportfolio.data.quality.evidence import Evidence, trimmed_scale
from blportfolio.data.quality.findings import Finding
from blportfolio.validation import FloatArray

FEWEST_VALUES = 10
FEWEST_LEVELS = 20
"""Different values that ratios of prices take; a fund that keeps its value takes fewer."""
IN_PERCENT, IN_POINTS = 0.35, 60.0
"""Usual sizes above which returns are in percent, and above which not even that."""
WILD = 0.35
"""Usual daily moves above which growth comes from percents that were taken for decimals."""


def growth_of_returns(bars: Bars) -> Bars:
    """Return bars of growth of 1 from bars whose prices are returns, faults and all.

    Unlike `growth_of_one`, which data must pass to be used, this refuses nothing: a return that is
    missing leaves a missing price, and one of -1 or below a price of 0 there.
    """
    returns = bars.prices
    values = returns.to_numpy(dtype=float, na_value=np.nan)
    usable = np.isfinite(values) & (values > -1)
    with np.errstate(over="ignore"):
        growth = np.cumprod(1 + np.where(usable, values, 0.0), axis=0)
    growth[np.isnan(values)] = np.nan
    growth[values <= -1] = 0.0
    dates = pd.DatetimeIndex(returns.index)
    step = np.median(np.diff(dates.to_numpy())) if len(dates) > 1 else np.timedelta64(1, "D")
    first = np.where(np.isnan(values[0]), np.nan, 1.0)
    base = pd.DataFrame([first], index=[dates[0] - pd.Timedelta(step)], columns=returns.columns)
    prices = pd.DataFrame(growth, index=dates, columns=returns.columns)
    return Bars(pd.concat([base, prices]).rename_axis(index="date", columns="asset"))


def check_form(evidence: Evidence) -> Iterator[Finding]:
    """Find values that are no prices, and prices that were read as returns."""
    if _are_logs(evidence.values):
        median = float(np.nanmedian(evidence.values))
        yield Finding(
            kind="log_prices",
            severity="serious",
            message=f"The values look like logarithms of prices: about {median:.2f}, and their "
            "differences move like returns.",
            cause="The file holds log prices.",
            remedy="Take the exponential of the values, and read them again.",
            size=median,
        )
        return
    kinds = {
        asset: _form(evidence.values[:, column], evidence.periods_per_year)
        for column, asset in enumerate(evidence.assets)
    }
    wrong = {asset: kind for asset, kind in kinds.items() if kind}
    for kind in sorted(set(wrong.values())):
        assets = [asset for asset, its in wrong.items() if its == kind]
        known = sum(its is not None for its in kinds.values())
        if len(assets) >= max(1, 0.8 * known):
            columns = [evidence.assets.index(asset) for asset in assets]
            yield _finding(kind, None, evidence.values[:, columns])
        else:
            for asset in assets:
                column = evidence.assets.index(asset)
                yield _finding(kind, asset, evidence.values[:, column])


def _form(values: FloatArray, periods_per_year: float) -> str | None:
    """Return what one column holds: "" for prices, None where it cannot be told."""
    values = values[np.isfinite(values)]
    if len(values) < FEWEST_VALUES or values.max() == values.min():
        return None
    middle = float(np.median(values))
    # Without the largest tenth: a price among returns, or a bad print, must not hide what they are.
    spread = trimmed_scale(values - middle)
    # Independent values differ by twice their variance; for prices the steps are far smaller.
    is_noise = trimmed_scale(np.diff(values)) ** 2 > 1.2 * spread**2
    if is_noise and 0.2 < float(np.mean(values < 0)) < 0.8 and abs(middle) < spread:
        return "returns"
    if is_noise and len(values) >= 30 and len(np.unique(values)) > FEWEST_LEVELS:
        for one in (1.0, 100.0):
            below = float(np.mean(values < one))
            if abs(middle - one) < 0.1 * one and spread < 0.3 * one and 0.15 < below < 0.85:
                return "gross"
    if values.min() > 0:
        growth = values[1:] / values[:-1] - 1
        never_falls = np.mean(growth > 0.2) > 0.98 and np.median(growth) > 0.5
        if never_falls or (
            len(growth) >= 30 and trimmed_scale(growth) > WILD * (252 / periods_per_year) ** 0.5
        ):
            return "growth"
    return ""


def _finding(kind: str, ticker: str | None, values: FloatArray) -> Finding:
    who = "The values" if ticker is None else f"The values of {ticker}"
    size = float(np.nanstd(values[np.isfinite(values)]))
    if kind == "growth":
        flat = values.reshape(len(values), -1)
        growth = float(np.nanmedian(flat[1:] / flat[:-1] - 1))
        return Finding(
            kind="prices_not_returns",
            severity="serious",
            message=f"{who} grow by {growth:.0%} in the median period, with usual moves of "
            f"{trimmed_scale((flat[1:] / flat[:-1] - 1)[:, 0]):.0%}.",
            cause="A file of prices, or of returns in percent, was read as decimal returns.",
            remedy="Read it as prices (without --returns), or divide percent by 100.",
            ticker=ticker,
            size=growth,
        )
    known = values[np.isfinite(values)]
    usual = trimmed_scale(known - np.median(known))
    cause, remedy = _cause(kind, usual, float(np.median(known)))
    return Finding(
        kind="returns_not_prices",
        severity="serious",
        message=f"{who} are returns, not prices: they change sign or lie around 1 at random, "
        f"with a standard deviation of {size:.3g}.",
        cause=cause,
        remedy=remedy,
        ticker=ticker,
        size=size,
    )


def _cause(kind: str, usual: float, middle: float) -> tuple[str, str]:
    """Return what kind of returns values are, and how they are read."""
    if kind == "gross":
        one = 1 if middle < 50 else 100
        return (
            f"The file holds ratios of prices, about {one}.",
            ("Subtract 1" if one == 1 else "Divide by 100, subtract 1")
            + " and read it with --returns (returns=True).",
        )
    if usual > IN_POINTS:
        return (
            "The file holds returns in basis points, or gains and losses.",
            "Divide basis points by 10,000 and read it with --returns (returns=True).",
        )
    if usual > IN_PERCENT:
        return (
            "The file holds returns in percent, or changes of prices.",
            "Divide percent by 100 and read it with --returns (returns=True).",
        )
    return "The file holds returns.", "Read it with --returns (returns=True)."


def _are_logs(values: FloatArray) -> bool:
    """Whether all columns look like log prices: small, finely divided, with steps like returns."""
    if values.shape[1] < 5 or len(values) < 60 or not np.isfinite(values).any():
        return False
    known = np.isfinite(values).sum(axis=0) > 30
    if not known.all() or np.nanmin(values) < -5 or np.nanmax(values) > 14:
        return False
    on_grid = np.isclose(values * 1000, np.round(values * 1000), atol=1e-6) | np.isnan(values)
    levels = np.nanmedian(values, axis=0)
    # Funds whose units are worth about ten have levels above, currencies below.
    if on_grid.mean() > 0.5 or not 1.5 < np.median(levels) < 8:
        return False
    steps = np.nanstd(np.diff(values, axis=0), axis=0)
    starts = [column[np.isfinite(column)][:1] for column in values.T]
    growth_of_one = all(len(start) and start[0] == 1 for start in starts)
    like_returns = (steps > 0.004) & (steps < 0.2)
    too_quiet = float(np.median(steps / np.abs(levels))) < 0.008
    return not growth_of_one and too_quiet and bool(like_returns.mean() > 0.9)
