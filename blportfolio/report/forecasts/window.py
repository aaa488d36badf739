"""One window of a contest's test: what came before it, what came, and what each forecaster said."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import altair as alt
import numpy as np
import pandas as pd

from blportfolio.errors import ConfigError, DataError
from blportfolio.forecasters.windows import Windows
from blportfolio.report.forecasts.lab import Contest
from blportfolio.report.forecasts.looks import WIDTH, looks, titled
from blportfolio.types import FloatArray, IntArray
from blportfolio.validation import nearest_name

TRUTH = "truth"


@dataclass(frozen=True, slots=True, eq=False)
class ChosenWindow:
    """A window of the test.

    Attributes:
        series: Label of the series.
        row: Row at whose close the forecasts were made.
        date: That row's date, or its number, as text.
        context: (context_length,) values up to the row, oldest first: log returns, or levels
            standardised by their training rows.
        truth: By horizon, what came: (1,) total log return, or (horizon,) levels.
        forecasts: By forecaster and horizon, like the truth.
    """

    series: str
    row: int
    date: str
    context: FloatArray
    truth: Mapping[int, FloatArray]
    forecasts: Mapping[tuple[str, int], FloatArray]


def window_rows(contest: Contest, series: str, horizon: int | None = None) -> IntArray:
    """Return the (n,) rows at which a series was forecast and the outcome is known, ascending.

    Args:
        contest: The contest.
        series: Label of the series.
        horizon: Which of the horizons; by default the shortest.

    Raises:
        ConfigError: If no such series took part.
    """
    windows = contest.windows(contest.comparison.horizons[0] if horizon is None else horizon)
    return np.sort(windows.origins[windows.channels == _channel(contest, series)])


def window_dates(contest: Contest, series: str) -> tuple[dt.date, dt.date]:
    """Return the dates of the first and the last window of a series.

    Args:
        contest: The contest.
        series: Label of the series.

    Raises:
        ConfigError: If no such series took part.
        DataError: If rows have no dates, or the test has no window of the series.
    """
    dates, rows = contest.panel.dates, window_rows(contest, series)
    if dates is None or not len(rows):
        lacking = "rows have no dates" if dates is None else f"the test has no window of {series}"
        raise DataError(f"Windows cannot be dated: {lacking}. Choose another series.")
    first, last = pd.DatetimeIndex(dates[rows[[0, -1]]])
    return first.date(), last.date()


def choose_window(contest: Contest, series: str, when: dt.date | int | None = None) -> ChosenWindow:
    """Return the last window at or before a date, or a row; by default the latest known in full.

    A horizon whose target is not known yet is left out.

    Args:
        contest: The contest.
        series: Label of the series.
        when: Date, or row where rows have no dates.

    Raises:
        ConfigError: If no such series took part.
        DataError: If the test has no window of it by then.
    """
    channel = _channel(contest, series)
    rows = window_rows(contest, series)
    if when is None and len(whole := window_rows(contest, series, contest.comparison.horizons[-1])):
        rows = whole
    limit = _row(contest, when)
    due = rows if limit is None else rows[rows <= limit]
    if not len(due):
        first = contest.panel.row_label(int(rows[0])) if len(rows) else "none"
        raise DataError(
            f"The test has no window of {series} at or before {when}; the first is {first}."
        )
    row = int(due[-1])
    truth: dict[int, FloatArray] = {}
    forecasts: dict[tuple[str, int], FloatArray] = {}
    context: FloatArray = np.empty(0)
    for horizon in contest.comparison.horizons:
        windows = contest.windows(horizon)
        at = _position(windows, row, channel)
        if at is None:
            continue
        context = windows.context[at]
        truth[horizon] = windows.target[at]
        for name in contest.names:
            forecasts[name, horizon] = contest.forecasts[name, horizon][at]
    return ChosenWindow(series, row, contest.panel.row_label(row), context, truth, forecasts)


def window_frame(contest: Contest, window: ChosenWindow) -> pd.DataFrame:
    """Return the forecasts of a window beside what came, a row a forecaster and horizon.

    Returns:
        `forecaster`, `horizon`, `forecast`, `truth`, `error` and `right_sign`, None where forecast
        or truth has no sign. Of levels those of the last step.
    """
    rows = []
    for (name, horizon), forecast in window.forecasts.items():
        f, y = float(forecast[-1]), float(window.truth[horizon][-1])
        rows.append(
            {
                "forecaster": name,
                "horizon": horizon,
                "forecast": f,
                "truth": y,
                "error": f - y,
                "right_sign": None if f * y == 0 else f * y > 0,
            }
        )
    order = {name: i for i, name in enumerate(contest.names)}
    return pd.DataFrame(rows).sort_values(
        ["horizon", "forecaster"],
        key=lambda column: column.map(order) if column.name == "forecaster" else column,
        kind="stable",
        ignore_index=True,
    )


def plot_window(contest: Contest, window: ChosenWindow) -> alt.Chart:
    """The window, what came and each forecast, on one time axis.

    Of returns it is the log return since the forecast was made, summed; a forecaster's line joins
    its forecasts of the horizons.
    """
    is_returns = contest.comparison.kind == "returns"
    before = _path_before(window, is_returns=is_returns)
    after = _path_after(contest, window) if is_returns else _levels_after(window)
    pieces = [
        pd.DataFrame(
            {
                "step": np.arange(1 - len(before), len(after) + 1),
                "value": np.concatenate([before, after]),
                "forecaster": TRUTH,
            }
        )
    ]
    for name in contest.names:
        steps, values = [0.0], [float(before[-1])]
        longest = max(window.truth)
        for horizon in window.truth if is_returns else (longest,):
            forecast = window.forecasts[name, horizon]
            steps += [horizon] if is_returns else list(range(1, horizon + 1))
            values += forecast.tolist()
        pieces.append(pd.DataFrame({"step": steps, "value": values, "forecaster": name}))
    table = pd.concat(pieces)
    shown = [name for name in contest.names if _is_near(pieces[0], table, name)]
    beyond = [name for name in contest.names if name not in shown]
    table = table[table["forecaster"].isin([TRUTH, *shown])]
    unit = "Log return since then (%)" if is_returns else "Level (standardised)"
    figure = "+.2%" if is_returns else ".4g"
    note = f"; beyond the axis: {', '.join(beyond)}" if beyond else ""
    chart: alt.Chart = (
        alt.Chart(
            table,
            title=titled(
                f"{window.series}: forecasts made on {window.date}, and what came",
                f"{unit}; grey is what came{note}",
            ),
            width=WIDTH,
            height=300,
        )
        .mark_line(strokeWidth=1.8, point=alt.OverlayMarkDef(size=18))
        .encode(
            x=alt.X(
                "step:Q",
                title="Rows after the forecast was made",
                axis=alt.Axis(format="d", tickMinStep=1, tickCount=8),
                scale=alt.Scale(nice=False),
            ),
            y=alt.Y(
                "value:Q",
                title=unit,
                scale=alt.Scale(zero=is_returns),
                axis=alt.Axis(format=".2~%" if is_returns else ".3~g"),
            ),
            tooltip=[
                alt.Tooltip("forecaster:N", title="Forecaster"),
                alt.Tooltip("step:Q", title="Rows ahead"),
                alt.Tooltip("value:Q", title=unit, format=figure),
            ],
            **looks(contest.comparison, shown, truth=True),
        )
    )
    return chart


def window_sentence(contest: Contest, window: ChosenWindow) -> str:
    """Say who was closest in this window; that it is one window, too."""
    said = []
    frame = window_frame(contest, window)
    is_returns = contest.comparison.kind == "returns"
    for horizon in window.truth:
        rows = frame[frame["horizon"] == horizon].to_dict("records")
        best = min(rows, key=lambda row: abs(row["error"]))
        came, told = (
            f"{100 * best[name]:+.2f} %" if is_returns else f"{best[name]:.3f}"
            for name in ("truth", "forecast")
        )
        said.append(
            f"at horizon {horizon} came {came}, and {best['forecaster']} was closest with {told}"
        )
    text = "; ".join(said)
    return f"In this window {text}. One window proves nothing; the errors of all do."


def _path_before(window: ChosenWindow, *, is_returns: bool) -> FloatArray:
    """Return the values before the forecast; of returns their sum from then on, ending at zero."""
    if not is_returns:
        return window.context
    sums = np.cumsum(window.context)
    path: FloatArray = np.append(0.0, sums) - sums[-1]
    return path


def _path_after(contest: Contest, window: ChosenWindow) -> FloatArray:
    """Return the log return since the forecast for each row up to the longest known horizon."""
    column = contest.panel.labels.index(window.series)
    last = window.row + max(window.truth)
    path: FloatArray = np.cumsum(contest.panel.values[window.row + 1 : last + 1, column])
    return path


def _levels_after(window: ChosenWindow) -> FloatArray:
    return window.truth[max(window.truth)]


def _is_near(truth: pd.DataFrame, table: pd.DataFrame, name: str) -> bool:
    """Whether a forecaster's line is near enough to what came to share its axis."""
    low, high = float(truth["value"].min()), float(truth["value"].max())
    room = 2 * max(high - low, 1e-12)
    values = table.loc[table["forecaster"] == name, "value"]
    return bool(values.max() <= high + room and values.min() >= low - room)


def _channel(contest: Contest, series: str) -> int:
    if series not in contest.series:
        raise ConfigError(f"No series {series!r} took part. {nearest_name(series, contest.series)}")
    return contest.series.index(series)


def _position(windows: Windows, row: int, channel: int) -> int | None:
    found = np.flatnonzero((windows.origins == row) & (windows.channels == channel))
    return int(found[0]) if len(found) else None


def _row(contest: Contest, when: dt.date | int | None) -> int | None:
    """Return the last row at or before a date."""
    if when is None or isinstance(when, int):
        return when
    if contest.panel.dates is None:
        raise DataError(f"`when` must be a row, as the series have no dates, got {when}.")
    day = np.datetime64(when) + np.timedelta64(1, "D")
    return int(np.searchsorted(contest.panel.dates, day)) - 1
