"""Charts over time, one line a strategy: growth, drawdown, rolling Sharpe ratio and volatility."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import altair as alt
import numpy as np
import pandas as pd

from blportfolio.backtest import BacktestResult
from blportfolio.errors import DataError
from blportfolio.report.charts import NEUTRAL
from blportfolio.report.metrics import drawdown
from blportfolio.report.portfolio.looks import Looks, colour_of, dash_of, heading, looks_of
from blportfolio.report.portfolio.recessions import recessions
from blportfolio.report.portfolio.rolling import rolling_sharpe, rolling_volatility
from blportfolio.report.portfolio.trading import gross_wealth

WIDTH, HEIGHT, POINTS = 760, 320, 500
Series = Mapping[str, pd.Series]


def growth_chart(
    results: Sequence[BacktestResult],
    *,
    net: bool = True,
    log: bool = True,
    looks: Looks | None = None,
    shaded: bool = False,
) -> alt.LayerChart:
    """Growth of 1 by date, one line a strategy.

    Args:
        results: Finished backtests, or parts of them.
        net: Whether after costs.
        log: Whether the scale is logarithmic, on which the same percentage is the same height.
        looks: Colours and dashes by name, where a page fixes them.
        shaded: Whether to shade recessions of the United States.
    """
    scale = alt.Scale(type="log" if log else "linear", nice=False, zero=False)
    return line_chart(
        {result.name: result.wealth if net else gross_wealth(result) for result in results},
        title=("Growth of 1", f"{_costs(net)} costs, {'log' if log else 'linear'} scale"),
        axis=alt.Y(
            "value:Q",
            title="Growth of 1",
            scale=scale,
            # The expression labels every tick of a logarithmic axis; by default some have none.
            axis=alt.Axis(tickCount=5, labelExpr="format(datum.value, '.4~g')"),
        ),
        text=".2f",
        mark=1.0,
        looks=looks,
        shaded=shaded,
    )


def drawdown_chart(
    results: Sequence[BacktestResult],
    *,
    net: bool = True,
    looks: Looks | None = None,
    shaded: bool = False,
) -> alt.LayerChart:
    """Fall from the highest wealth so far, ≤ 0, one line a strategy; the deepest days are kept."""
    return line_chart(
        {
            result.name: drawdown(result.wealth if net else gross_wealth(result))
            for result in results
        },
        title=("Drawdown", f"fall from the highest wealth so far, {_costs(net)} costs"),
        axis=alt.Y(
            "value:Q",
            title="Drawdown (%)",
            axis=alt.Axis(format=".0%"),
            scale=alt.Scale(domainMax=0, nice=False),
        ),
        text=".1%",
        mark=0.0,
        keep="min",
        looks=looks,
        shaded=shaded,
    )


def rolling_sharpe_chart(
    results: Sequence[BacktestResult],
    window: int,
    *,
    net: bool = True,
    looks: Looks | None = None,
    shaded: bool = False,
) -> alt.LayerChart:
    """Sharpe ratio per year of the last `window` periods, risk-free 0, one line a strategy.

    Raises:
        DataError: If no strategy has a window whose returns vary.
    """
    return _rolling(
        results,
        rolling_sharpe,
        window,
        title="Sharpe ratio per year",
        axis=alt.Y("value:Q", title="Sharpe ratio", axis=alt.Axis(format=".1f")),
        text=".2f",
        net=net,
        looks=looks,
        shaded=shaded,
    )


def rolling_volatility_chart(
    results: Sequence[BacktestResult],
    window: int,
    *,
    net: bool = True,
    looks: Looks | None = None,
    shaded: bool = False,
) -> alt.LayerChart:
    """Volatility per year of the last `window` periods, one line a strategy."""
    return _rolling(
        results,
        rolling_volatility,
        window,
        title="Volatility per year",
        axis=alt.Y("value:Q", title="Volatility (%)", axis=alt.Axis(format=".0%")),
        text=".1%",
        net=net,
        looks=looks,
        shaded=shaded,
    )


def line_chart(
    series: Series,
    *,
    title: tuple[str, str],
    axis: alt.Y,
    text: str,
    mark: float | None = None,
    keep: Literal["last", "min"] = "last",
    looks: Looks | None = None,
    shaded: bool = False,
) -> alt.LayerChart:
    """Draw series by date, with a rule that tells the date and all values under the pointer.

    Args:
        series: By name, each indexed by dates.
        title: Of the chart: what is shown, and how.
        axis: The vertical axis, of the field `value`.
        text: Format of the values in tooltips.
        mark: Height of a horizontal rule, such as 0.
        keep: Which value stands for each of the `POINTS` stretches of a long series.
        looks: Colours and dashes by name; by default in the order of the names.
        shaded: Whether to shade recessions of the United States.

    Raises:
        DataError: If there is nothing to draw.
    """
    kept = {name: one for name, one in series.items() if len(one)}
    if not kept:
        raise DataError(f"There is nothing to draw of {title[0]!r}: every series is empty.")
    names = list(kept)
    table = thinned(pd.concat(kept, axis=1).sort_index(), keep)
    looks = looks_of(names) if looks is None else looks
    long = table.melt("date", var_name="name").dropna()
    x = alt.X("date:T", title=None, axis=alt.Axis(tickCount=6, labelFlush=True))
    layers: list[Any] = []
    if shaded:
        shades = recessions(table["date"].iloc[0], table["date"].iloc[-1])
        if len(shades):
            layers.append(
                alt.Chart(shades)
                .mark_rect(color=NEUTRAL, opacity=0.18)
                .encode(x=alt.X("start:T", title=None), x2="end:T")
            )
    if mark is not None:
        level = pd.DataFrame({"level": [mark]})
        layers.append(alt.Chart(level).mark_rule(color=NEUTRAL, strokeWidth=1).encode(y="level:Q"))
    layers.append(
        alt.Chart(long)
        .mark_line(strokeWidth=1.6, clip=True)
        .encode(x=x, y=axis, color=colour_of(names, looks), strokeDash=dash_of(names, looks))
    )
    layers.append(pointer_rule(table, names, text))
    return alt.LayerChart(layer=layers, title=heading(*title), width=WIDTH, height=HEIGHT)


def thinned(table: pd.DataFrame, keep: Literal["last", "min"]) -> pd.DataFrame:
    """Reduce long series to `POINTS` stretches, each dated by its last day, with a column date.

    Between two of its dates a series has the value that it had before; the first row is shown as
    it was.
    """
    step = -(-len(table) // POINTS)
    stretch = np.arange(len(table)) // step
    if step > 1:
        stretch[0] = -1
    short = table.ffill().groupby(stretch).agg(keep)
    short.insert(0, "date", table.index.to_series().groupby(stretch).last())
    return short


def pointer_rule(table: pd.DataFrame, names: Sequence[str], text: str) -> alt.Chart:
    """Return an upright line under the pointer whose tooltip tells the date and every value."""
    # Names may hold dots and brackets, which Vega reads as paths.
    keys = [f"s{number}" for number in range(len(names))]
    wide = table.set_axis(["date", *keys], axis=1)
    pointer = alt.selection_point(
        fields=["date"], nearest=True, on="pointerover", clear="pointerout", empty=False
    )
    rule: alt.Chart = (
        alt.Chart(wide)
        .mark_rule(color=NEUTRAL)
        .encode(
            x=alt.X("date:T", title=None),
            opacity=alt.when(pointer).then(alt.value(0.9)).otherwise(alt.value(0)),
            tooltip=[
                alt.Tooltip("date:T", title="Date", format="%d %b %Y"),
                *(
                    alt.Tooltip(f"{key}:Q", title=name, format=text)
                    for key, name in zip(keys, names, strict=True)
                ),
            ],
        )
        .add_params(pointer)
    )
    return rule


def _rolling(
    results: Sequence[BacktestResult],
    measure: Callable[[pd.Series, int, float], pd.Series],
    window: int,
    *,
    title: str,
    axis: alt.Y,
    text: str,
    net: bool,
    looks: Looks | None,
    shaded: bool,
) -> alt.LayerChart:
    returns = {result.name: result.returns if net else result.gross_returns for result in results}
    series = {
        result.name: measure(returns[result.name], window, result.periods_per_year)
        for result in results
    }
    return line_chart(
        series,
        title=(title, f"last {window} periods, {_costs(net)} costs"),
        axis=axis,
        text=text,
        mark=0.0,
        looks=looks,
        shaded=shaded,
    )


def _costs(net: bool) -> str:
    return "net of" if net else "before"
