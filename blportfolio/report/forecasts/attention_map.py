"""Where the attention model looks in one window: a heat map, its weights, and what they say."""

from __future__ import annotations

from dataclasses import dataclass

import altair as alt
import numpy as np
import pandas as pd

from blportfolio.report.charts import NEUTRAL, PALETTE
from blportfolio.report.forecasts.lab import Contest
from blportfolio.report.forecasts.looks import WIDTH, titled
from blportfolio.report.forecasts.window import ChosenWindow
from blportfolio.types import FloatArray

ADDS, SUBTRACTS = "adds", "subtracts"


@dataclass(frozen=True, slots=True, eq=False)
class AttentionView:
    """What one trained network does with one window.

    Attributes:
        name: Forecaster.
        horizon: Rows ahead.
        step: Step of the horizon that the network forecasts, from 1.
        trained: When it was trained, as text.
        attention: (context_length, width) attention of every neuron on every value; columns sum
            to one. Neurons that add come first, then those that subtract, each by how much they
            look at the last value.
        output: (width,) output weight of each neuron.
        weights: (context_length,) weight of each value in the forecast.
        context: (context_length,) the values.
        skip: Coefficient of the skip connection; part of the last of `weights`.
        best_step: Training step whose parameters were kept; 0 where none helped.
    """

    name: str
    horizon: int
    step: int
    trained: str
    attention: FloatArray
    output: FloatArray
    weights: FloatArray
    context: FloatArray
    skip: float
    best_step: int

    @property
    def forecast(self) -> float:
        """The forecast of this network alone, of the first seed."""
        return float(self.weights @ self.context)

    @property
    def lags(self) -> list[int]:
        """Rows before the forecast, from -(context_length - 1) to 0."""
        return list(range(1 - len(self.context), 1))


def attention_names(contest: Contest) -> tuple[str, ...]:
    """Return the forecasters of a contest whose attention is known."""
    return tuple(dict.fromkeys(name for name, _ in contest.networks))


def attention_view(
    contest: Contest, window: ChosenWindow, *, name: str, horizon: int, step: int | None = None
) -> AttentionView | None:
    """Return what the network that forecast a window does with it.

    Args:
        contest: The contest.
        window: The window.
        name: Forecaster.
        horizon: Rows ahead.
        step: Step of the horizon, from 1; by default the last, the only one of a total.

    Returns:
        The view; None where no network of that name forecast it.
    """
    fits = [fit for fit in contest.networks.get((name, horizon), ()) if fit[0] <= window.row]
    if not fits:
        return None
    row, fitted = fits[-1]
    place = len(fitted.trainings) - 1 if step is None else step - 1
    training = fitted.trainings[place]
    context = window.context[None, :]
    attention = fitted.attention(context, step=place)[0]
    output = training.parameters.output
    order = np.lexsort((-attention[-1], -np.sign(output)))
    return AttentionView(
        name,
        horizon,
        place + 1,
        contest.panel.row_label(row),
        attention[:, order],
        output[order],
        fitted.step_weights(context, step=place)[0],
        window.context,
        training.parameters.skip if fitted.forecaster.skip != "none" else 0.0,
        training.best_step,
    )


def attention_frame(view: AttentionView) -> pd.DataFrame:
    """Return the attention on each value, and what it counts in the forecast.

    Returns:
        A row a value: `lag`, `value`, mean attention of the neurons that add (`adds`) and that
        subtract (`subtracts`), its `weight` in the forecast, and `part`, weight times value: the
        parts sum to the forecast.
    """
    return pd.DataFrame(
        {
            "lag": view.lags,
            "value": view.context,
            ADDS: _mean(view, positive=True),
            SUBTRACTS: _mean(view, positive=False),
            "weight": view.weights,
            "part": view.weights * view.context,
        }
    )


def plot_attention(view: AttentionView) -> alt.Chart:
    """Heat map: one row a neuron, one column a value of the window, colour by attention."""
    width = view.attention.shape[1]
    signs = np.where(view.output > 0, ADDS, SUBTRACTS)
    table = pd.DataFrame(
        {
            "lag": np.repeat(view.lags, width),
            "neuron": np.tile(np.arange(1, width + 1), len(view.lags)),
            "sign": np.tile(signs, len(view.lags)),
            "attention": view.attention.ravel(),
        }
    )
    n_adds = int((view.output > 0).sum())
    chart: alt.Chart = (
        alt.Chart(
            table,
            title=titled(
                "Attention of every neuron on every value (%)",
                f"Rows 1 to {n_adds} add to the forecast, the others subtract; "
                f"columns count rows back from the forecast; even: {1 / len(view.lags):.1%}",
            ),
            width=WIDTH,
            height=max(160, 5 * width),
        )
        .mark_rect()
        .encode(
            x=alt.X(
                "lag:O",
                title="Rows before the forecast (0 = last value)",
                axis=alt.Axis(labelAngle=0, labelOverlap=True),
            ),
            y=alt.Y(
                "neuron:O",
                title="Neuron",
                axis=alt.Axis(values=_ticks(width, n_adds)),
            ),
            color=alt.Color(
                "attention:Q",
                title="Attention (%)",
                scale=alt.Scale(scheme="viridis", type="sqrt"),
                legend=alt.Legend(
                    orient="bottom", format=".1~%", gradientLength=200, titleOrient="top"
                ),
            ),
            tooltip=[
                alt.Tooltip("neuron:O", title="Neuron"),
                alt.Tooltip("sign:N", title="It"),
                alt.Tooltip("lag:O", title="Rows before"),
                alt.Tooltip("attention:Q", title="Attention", format=".2%"),
            ],
        )
    )
    return chart


def plot_step_weights(view: AttentionView) -> alt.LayerChart:
    """The weight of each value of the window in the forecast, as bars about zero."""
    table = pd.DataFrame({"lag": view.lags, "weight": view.weights, "value": view.context})
    x = alt.X(
        "lag:O",
        title="Rows before the forecast (0 = last value)",
        axis=alt.Axis(labelAngle=0, labelOverlap=True),
    )
    zero = alt.Chart(pd.DataFrame({"y": [0.0]})).mark_rule(color=NEUTRAL)
    bars = (
        alt.Chart(table)
        .mark_bar(color=PALETTE[0])
        .encode(
            x=x,
            y=alt.Y("weight:Q", title="Weight in the forecast", axis=alt.Axis(format=".3~g")),
            tooltip=[
                alt.Tooltip("lag:O", title="Rows before"),
                alt.Tooltip("weight:Q", title="Weight", format="+.4f"),
                alt.Tooltip("value:Q", title="Value", format="+.4f"),
            ],
        )
    )
    return alt.LayerChart(
        layer=[bars, zero.encode(y="y:Q")],
        width=WIDTH,
        height=200,
        title=titled(
            "Weight of each value in the forecast",
            "Forecast = sum of weight times value; all neurons and the skip connection together",
        ),
    )


def attention_sentences(view: AttentionView) -> tuple[str, ...]:
    """Say what the rows of the heat map say, in its own figures."""
    even = 1 / len(view.lags)
    adds, subtracts = (_mean(view, positive=sign) for sign in (True, False))
    said = []
    if view.best_step == 0:
        said.append(
            "No training step lowered the error on what was held out, so that the network stayed "
            "at its start: its neurons cancel in pairs, and the forecast is the skip connection "
            f"alone, {view.skip:+.4f} times the last value. That is the sign rule of one value."
            if view.skip
            else "No training step lowered the error on what was held out, so that the network "
            "stayed at its start, where its neurons cancel in pairs and the forecast is zero."
        )
    else:
        said.append(
            f"Training kept step {view.best_step}. Spread evenly, each of the {len(view.lags)} "
            f"values would get {even:.1%}; the last one gets {adds[-1]:.1%} from the neurons that "
            f"add and {subtracts[-1]:.1%} from those that subtract."
        )
        gap = adds - subtracts
        strongest = int(np.argmax(np.abs(gap)))
        said.append(
            f"The two kinds of neuron differ most {_when(view.lags[strongest])} "
            f"({adds[strongest]:.1%} against {subtracts[strongest]:.1%})."
        )
    if view.best_step == 0:
        return tuple(said)
    largest = int(np.argmax(np.abs(view.weights)))
    said.append(
        f"In the forecast the value {_when(view.lags[largest])} weighs most, "
        f"{view.weights[largest]:+.4f}; the skip connection is {view.skip:+.4f} of the weight of "
        "the last value."
        if view.skip
        else f"In the forecast the value {_when(view.lags[largest])} weighs most, "
        f"{view.weights[largest]:+.4f}."
    )
    return tuple(said)


def _mean(view: AttentionView, *, positive: bool) -> FloatArray:
    """Return the mean attention of the neurons of one sign on each value; NaN without one."""
    chosen = view.output > 0 if positive else view.output < 0
    if not chosen.any():
        return np.full(len(view.lags), np.nan)
    mean: FloatArray = view.attention[:, chosen].mean(axis=1)
    return mean


def _when(lag: int) -> str:
    return "at the last row" if lag == 0 else f"{-lag} row{'s' * (lag != -1)} before the last"


def _ticks(width: int, n_adds: int) -> list[int]:
    """Return the neurons that the axis names: the first, and the first and last of each sign."""
    return sorted({1, max(1, n_adds), min(width, n_adds + 1), width})
