"""Headline figures of results, as numbers and as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, overload

import pandas as pd

from blportfolio.backtest import BacktestResult
from blportfolio.backtest.ledger import gist
from blportfolio.errors import DataError
from blportfolio.report import metrics
from blportfolio.report.comparison import DRAWS, finite, number_text
from blportfolio.report.inference import (
    bootstrap_sharpe_difference,
    drawdown_interval,
    sharpe_interval,
    turnover_interval,
)
from blportfolio.validation import nearest_name, shown

HEADINGS = (
    "Strategy",
    "Return p.a.",
    "Volatility",
    "Sharpe [95 %]",
    "Max drawdown",
    "Turnover",
    "Cost drag",
    "Final wealth",
)

DRAWDOWN_DRAWS = 499
"""Resampled histories behind the range of drawdowns."""

PAGE_HEADINGS = tuple(
    f"{name} [95 %]" if name in ("Max drawdown", "Turnover") else name for name in HEADINGS
)

EXPLANATION = (
    "Net of costs. Return: compound annual growth. Sharpe: risk-free 0, 95 % HAC interval. "
    "Turnover: one-way, mean per rebalance after the first purchase. Cost drag: growth before "
    "costs less growth after, per year. Final wealth: growth of 1."
)


RANGES = (
    "In brackets beside turnover: 95 % interval of its mean. Beside drawdown: where 95 % of the "
    "deepest falls lie when the same returns come in another order, drawn in blocks."
)


@overload
def summarise(
    result: BacktestResult,
    *,
    risk_free_rate: float | pd.Series = ...,
    baseline: BacktestResult | str | None = ...,
) -> pd.Series: ...


@overload
def summarise(
    result: Sequence[BacktestResult],
    *,
    risk_free_rate: float | pd.Series = ...,
    baseline: BacktestResult | str | None = ...,
) -> pd.DataFrame: ...


def summarise(
    result: BacktestResult | Sequence[BacktestResult],
    *,
    risk_free_rate: float | pd.Series = 0.0,
    baseline: BacktestResult | str | None = None,
) -> pd.Series | pd.DataFrame:
    """Headline figures of a result, decimal, net of costs unless the name says otherwise.

    Args:
        result: A finished backtest, or several.
        risk_free_rate: Rate per period for the Sharpe ratio.
        baseline: A result over the same dates, or the name of one of `result`, to compare Sharpe
            ratios with.

    Returns:
        net_annualised_return (the CAGR), annualised_volatility, sharpe_ratio with its standard
        error and 95 % bounds, max_drawdown (≤ 0), turnover (one-way, mean of the decisions after
        the first), cost_drag (per year), final_wealth, gross_annualised_return, n_decisions and
        n_periods; for several results one row each. With a baseline also sharpe_difference, the
        ratio less the baseline's, its 95 % bounds difference_low and difference_high, and the
        two-sided difference_p_value (Ledoit and Wolf 2008, studentised block bootstrap, seed 0).

    Raises:
        DataError: If `result` is none, no result is called `baseline`, or the rate or the
            baseline has other dates.
    """
    if isinstance(result, list | tuple) and result:
        other = _baseline_of(result, baseline)
        return pd.DataFrame(
            [summarise(one, risk_free_rate=risk_free_rate, baseline=other) for one in result]
        )
    if not isinstance(result, BacktestResult):
        raise DataError(f"`result` must be a BacktestResult, got {type(result).__name__}.")
    other = _baseline_of([result], baseline)
    compared = {} if other is None else _difference(result, other, risk_free_rate)
    periods = result.periods_per_year
    gross = (1 + result.gross_returns).cumprod()
    gross_wealth = pd.Series([1.0, *gross], index=result.wealth.index)
    net_return, gross_return = metrics.cagr(result.wealth), metrics.cagr(gross_wealth)
    sharpe = sharpe_interval(
        result.returns, periods_per_year=periods, risk_free_rate=risk_free_rate
    )
    return pd.Series(
        {
            "net_annualised_return": net_return,
            "annualised_volatility": metrics.annualised_volatility(
                result.returns, periods_per_year=periods
            ),
            "sharpe_ratio": sharpe.value,
            "sharpe_standard_error": sharpe.standard_error,
            "sharpe_low": sharpe.low,
            "sharpe_high": sharpe.high,
            "max_drawdown": metrics.max_drawdown(result.wealth),
            "turnover": metrics.mean_turnover(result.turnover),
            "cost_drag": gross_return - net_return,
            "final_wealth": float(result.wealth.iloc[-1]),
            "gross_annualised_return": gross_return,
            "n_decisions": len(result.weights),
            "n_periods": len(result.returns),
            **compared,
        },
        name=result.name,
        dtype=float,
    )


def _baseline_of(
    results: Sequence[BacktestResult], baseline: BacktestResult | str | None
) -> BacktestResult | None:
    """Return the baseline that was asked for.

    Raises:
        DataError: If no result has that name.
    """
    if baseline is None or isinstance(baseline, BacktestResult):
        return baseline
    by_name = {result.name: result for result in results if isinstance(result, BacktestResult)}
    if str(baseline) not in by_name:
        raise DataError(
            "`baseline` must be a BacktestResult or the name of one of the results, got "
            f"{shown(baseline)}. {nearest_name(str(baseline), by_name)}"
        )
    return by_name[str(baseline)]


def _difference(
    result: BacktestResult, baseline: BacktestResult, risk_free_rate: float | pd.Series
) -> dict[str, float]:
    found = bootstrap_sharpe_difference(
        result.returns,
        baseline.returns,
        periods_per_year=result.periods_per_year,
        risk_free_rate=risk_free_rate,
        n_draws=DRAWS,
    )
    return {
        "sharpe_difference": found.value,
        "difference_low": found.low,
        "difference_high": found.high,
        "difference_p_value": found.p_value,
    }


def summary_records(results: Sequence[BacktestResult], *, seed: int = 0) -> list[dict[str, Any]]:
    """Headline figures by strategy, ready for JSON: numbers unrounded, NaN as None.

    Beside those of `summarise` stand the 95 % interval of mean turnover and the range of 95 % of
    the maximum drawdowns that the same returns have in another order.

    Args:
        results: Finished backtests.
        seed: Of the resampled drawdowns.
    """
    records = []
    for result in results:
        figures: dict[str, Any] = {"name": result.name}
        turnover = turnover_interval(result.turnover)
        fall = drawdown_interval(result.returns, n_draws=DRAWDOWN_DRAWS, seed=seed)
        ranges = {
            "turnover_low": turnover.low,
            "turnover_high": turnover.high,
            "max_drawdown_low": fall.low,
            "max_drawdown_high": fall.high,
        }
        for key, value in {**summarise(result), **ranges}.items():
            figures[str(key)] = finite(value)
        for key in ("n_decisions", "n_periods"):
            figures[key] = int(figures[key])
        figures["first_held"] = str(result.returns.index[0].date())
        figures["last_held"] = str(result.returns.index[-1].date())
        notes = result.notes.drop_duplicates(["date", "kind"])["kind"].value_counts()
        figures["notes"] = {str(kind): int(count) for kind, count in notes.items()}
        figures["said"] = _said(result)
        skipped = result.notes.loc[result.notes["kind"].isin(["features", "doubt"]), "message"]
        figures["skipped"] = [str(message) for message in skipped]
        records.append(figures)
    return records


def _said(result: BacktestResult) -> list[dict[str, Any]]:
    """Return what the optimiser said at decisions, once for all that differ in figures alone."""
    entries: dict[str, dict[str, Any]] = {}
    notes = result.notes[result.notes["kind"].isin(["fallback", "optimiser"])]
    for date, message in zip(notes["date"], notes["message"], strict=True):
        entry = entries.setdefault(
            gist(message.split(":")[0]), {"message": message, "count": 0, "first": str(date.date())}
        )
        entry["count"] += 1
    return list(entries.values())


def format_rows(
    records: Sequence[Mapping[str, Any]], *, ranges: bool = False
) -> list[tuple[str, ...]]:
    """Return one row of text a strategy, under `HEADINGS`; with `ranges` under `PAGE_HEADINGS`."""
    return [
        (
            str(record["name"]),
            _percent(record["net_annualised_return"]),
            _percent(record["annualised_volatility"]),
            f"{number_text(record['sharpe_ratio'])} "
            f"[{number_text(record['sharpe_low'])}, {number_text(record['sharpe_high'])}]",
            _percent(record["max_drawdown"]) + (_range(record, "max_drawdown") if ranges else ""),
            _percent(record["turnover"]) + (_range(record, "turnover") if ranges else ""),
            _percent(record["cost_drag"], digits=2),
            number_text(record["final_wealth"]),
        )
        for record in records
    ]


def by_universe(
    records: Sequence[Mapping[str, Any]],
) -> dict[str, list[Mapping[str, Any]]]:
    """Return the records of each universe; under an empty name where there is one only."""
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for record in records:
        groups.setdefault(str(record.get("universe", "")), []).append(record)
    return groups


def remarks(records: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return a sentence for each strategy that could not always do what its name says."""
    causes = {
        "ridge": "had a singular covariance, solved with a small ridge,",
        "no views": "had no view at all",
        "views": "lacked a view on some asset",
    }
    skipped = [f"{r['name']}: {message}" for r in records for message in r["skipped"]]
    said = [
        f"{record['name']} at {entry['count']} of {record['n_decisions']} decisions, first on "
        f"{entry['first']}: {entry['message']}"
        for record in records
        for entry in record.get("said", ())
    ]
    return [*skipped, *said] + [
        f"{record['name']} {text} at {record['notes'][kind]} of {record['n_decisions']} decisions."
        for record in records
        for kind, text in causes.items()
        if record["notes"].get(kind)
    ]


def _percent(value: float | None, digits: int = 1) -> str:
    return "n/a" if value is None else f"{100 * value:z.{digits}f} %"


def _range(record: Mapping[str, Any], key: str) -> str:
    """Return the bounds of a percentage in brackets; nothing where there are none."""
    low, high = record.get(f"{key}_low"), record.get(f"{key}_high")
    return "" if low is None or high is None else f" [{100 * low:z.1f}, {100 * high:z.1f}]"
