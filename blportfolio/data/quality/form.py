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
LARGEST_RETURN = 60.0
"""Standard deviation above which values are no returns, not even in percent."""
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
    steps = np.diff(values)
    spread = float(values.std())
    # Independent values differ by twice their variance; for prices the steps are far smaller.
    is_noise = float(np.mean(steps**2)) > 1.2 * spread**2
    signs = float(np.mean(values < 0))
    if 0.2 < signs < 0.8 and abs(values.mean()) < spread and spread < LARGEST_RETURN and is_noise:
        return "returns"
    if (
        is_noise
        and len(values) >= 30
        and 0.9 < np.median(values) < 1.1
        and spread < 0.3
        and 0.15 < float(np.mean(values < 1)) < 0.85
    ):
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
    percent = kind == "returns" and size > 0.35
    return Finding(
        kind="returns_not_prices",
        severity="serious",
        message=f"{who} are returns, not prices: they change sign or lie around 1 at random, "
        f"with a standard deviation of {size:.3g}.",
        cause="The file holds returns in percent."
        if percent
        else "The file holds returns (or 1 + return).",
        remedy="Divide by 100 and read it with --returns (returns=True)."
        if percent
        else "Read it with --returns (returns=True)."
        if kind == "returns"
        else "Subtract 1 and read it with --returns (returns=True).",
        ticker=ticker,
        size=size,
    )


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
