"""Charts of the asymmetric-learning experiment."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd

from blportfolio.report.charts import DASHES, NEUTRAL, PALETTE, AnyChart
from blportfolio.report.forecasts.looks import WIDTH, titled
from blportfolio.report.forecasts.looks import legend as below

MODELS = ("attention GD", "attention NTK", "AR(1)", "Linear", "NLinear", "oracle", "zero")
TESTS = ("as in training", "sign-inconsistent")
SMALL = {"width": 330, "height": 210}


def with_task(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the records with what is to be forecast, and after which training, in words."""
    words = [
        f"{kind}, d {dimension}, γ {gamma:g}, {regime}"
        for kind, dimension, gamma, regime in zip(
            frame["kind"], frame["dimension"], frame["gamma"], frame["regime"], strict=True
        )
    ]
    return frame.assign(task=words)


def mean_and_sd(frame: pd.DataFrame, by: Sequence[str], names: Sequence[str]) -> pd.DataFrame:
    """Return the mean of each measure over seeds, and its standard deviation as `<name>_sd`."""
    numbers = frame[[*by, *names]].copy()
    numbers[list(names)] = numbers[list(names)].astype(float)
    groups = numbers.groupby(list(by), sort=False)
    spread = groups.std().fillna(0.0).add_suffix("_sd")
    return groups.mean().join(spread).reset_index()


def plot_errors(frame: pd.DataFrame) -> AnyChart:
    """OOD against ID error, both against zero, by model, with one standard deviation."""
    data = _spread(
        mean_and_sd(with_task(frame), ["task", "model"], ["id_rel0", "ood_rel0"]),
        ("id_rel0", "ood_rel0"),
    )
    x = alt.X("id_rel0:Q", title="As in training: error / zero's", scale=_log(), axis=_plain())
    y = alt.Y("ood_rel0:Q", title="Sign-inconsistent: error / zero's", scale=_log(), axis=_plain())
    colour = _colour(MODELS)
    base = alt.Chart()
    points = base.mark_point(size=90, filled=True).encode(
        x, y, colour, alt.Shape("model:N", title="Model", scale=alt.Scale(domain=list(MODELS)))
    )
    upright = base.mark_rule().encode(x, alt.Y("ood_rel0_low:Q"), colour, y2="ood_rel0_high:Q")
    level = base.mark_rule().encode(alt.X("id_rel0_low:Q"), y, colour, x2="id_rel0_high:Q")
    zero = base.mark_rule(strokeDash=[4, 3], color=NEUTRAL).encode(y=alt.datum(1.0))
    layers = alt.layer(zero, upright, level, points, data=data).properties(**SMALL)
    return _faceted(layers, data, "Error on sign-inconsistent steps against error as in training")


def plot_signs(frame: pd.DataFrame) -> AnyChart:
    """How often each model has the sign of the next value on sign-inconsistent steps."""
    known = with_task(frame).dropna(subset=["ood_sign"])
    data = _spread(mean_and_sd(known, ["task", "model"], ["ood_sign"]), ("ood_sign",))
    y = alt.Y("model:N", sort=list(MODELS), title=None)
    colour = _colour(MODELS, legend=False)
    base = alt.Chart()
    points = base.mark_point(size=70, filled=True, opacity=1).encode(
        alt.X(
            "ood_sign:Q",
            title="Right sign (%)",
            scale=alt.Scale(domain=[0, 1]),
            axis=alt.Axis(format="%"),
        ),
        y,
        colour,
        tooltip=[
            alt.Tooltip("model:N", title="Model"),
            alt.Tooltip("ood_sign:Q", title="Right sign", format=".1%"),
        ],
    )
    spread = base.mark_rule(strokeWidth=2).encode(
        alt.X("ood_sign_low:Q"), y, colour, x2="ood_sign_high:Q"
    )
    layers = alt.layer(spread, points, data=data).properties(width=330, height=150)
    return _faceted(layers, data, "Right signs on sign-inconsistent steps")


def plot_by_gamma(frame: pd.DataFrame) -> AnyChart:
    """Error against zero on sign-inconsistent steps by γ."""
    shown = frame[frame["model"].isin(MODELS[:-1])]
    data = _spread(mean_and_sd(shown, ["regime", "gamma", "model"], ["ood_rel0"]), ("ood_rel0",))
    data = data.assign(task="trained on " + data["regime"])
    x = alt.X("gamma:Q", title="Weight γ of the last value")
    y = alt.Y("ood_rel0:Q", title="Sign-inconsistent: error / zero's", scale=_log(), axis=_plain())
    base, colour = alt.Chart(), _colour(MODELS[:-1])
    lines = base.mark_line(point=True).encode(x, y, colour)
    spread = base.mark_rule().encode(x, alt.Y("ood_rel0_low:Q"), colour, y2="ood_rel0_high:Q")
    zero = base.mark_rule(strokeDash=[4, 3], color=NEUTRAL).encode(y=alt.datum(1.0))
    layers = alt.layer(zero, lines, spread, data=data).properties(**SMALL)
    return _faceted(layers, data, "Error on sign-inconsistent steps by weight of the last value")


def plot_alignment(curve: pd.DataFrame) -> AnyChart:
    """Updates and weights with the sign of their output weight over training, by scaling."""
    widest = curve[curve["width"] == curve.groupby("scaling")["width"].transform("max")]
    long = _after_start(widest).melt(
        id_vars=["scaling", "regime", "step", "seed"], value_vars=["upd_sign", "wt_sign"]
    )
    data = mean_and_sd(long, ["scaling", "regime", "variable", "step"], ["value"])
    names = {"upd_sign": "updates", "wt_sign": "weights"}
    scalings = {"ntk": "1/√m (paper)", "mean_field": "1/m (mean field)"}
    data = data.assign(
        what=data["variable"].map(names),
        task=data["scaling"].map(scalings) + ", trained on " + data["regime"],
    )
    chart = (
        alt.Chart(data)
        .mark_line(point=True)
        .encode(
            alt.X("step:Q", title="Training step (log scale)", scale=_log(), axis=_plain()),
            alt.Y(
                "value:Q",
                title="Share with the sign of a (%)",
                axis=alt.Axis(format="%"),
                scale=alt.Scale(domain=[0, 1]),
            ),
            _colour(("updates", "weights"), field="what", title="Sign of"),
        )
        .properties(**SMALL)
    )
    return _faceted(chart, data, "Signs of updates and weights over training")


def plot_learning(curve: pd.DataFrame) -> AnyChart:
    """Error against zero over training, as in training and on sign-inconsistent steps."""
    columns = {"id_rel0": TESTS[0], "ood_rel0": TESTS[1]}
    long = with_task(_after_start(curve)).melt(
        id_vars=["task", "step", "seed"], value_vars=list(columns)
    )
    data = _spread(mean_and_sd(long, ["task", "variable", "step"], ["value"]), ("value",))
    data = data.assign(test=data["variable"].map(columns))
    x = alt.X("step:Q", title="Step of gradient descent (log scale)", scale=_log(), axis=_plain())
    colour = _colour(TESTS, field="test", title="Test")
    base = alt.Chart()
    dash = alt.StrokeDash(
        "test:N",
        title="Test",
        sort=list(TESTS),
        scale=alt.Scale(domain=list(TESTS), range=DASHES[:2]),
        legend=below(columns=2),
    )
    lines = base.mark_line(point=True).encode(
        x, alt.Y("value:Q", title="Error / zero's"), colour, dash
    )
    spread = base.mark_area(opacity=0.18).encode(
        x, alt.Y("value_low:Q"), alt.Y2("value_high:Q"), colour
    )
    zero = base.mark_rule(strokeDash=[4, 3], color=NEUTRAL).encode(y=alt.datum(1.0))
    layers = alt.layer(zero, spread, lines, data=data).properties(**SMALL)
    return _faceted(layers, data, "Learning curves of the attention model")


def plot_points(points: pd.DataFrame) -> AnyChart:
    """Forecasts against noiseless next values of the first seed."""
    data = with_task(points)
    data = data.assign(task=data["model"] + ": " + data["task"])
    chart = (
        alt.Chart(data)
        .mark_point(size=16, opacity=0.6, filled=True)
        .encode(
            alt.X("truth:Q", title="Next value without noise"),
            alt.Y("forecast:Q", title="Forecast"),
            _colour(TESTS, field="test", title="Test"),
            alt.Shape(
                "test:N",
                title="Test",
                sort=list(TESTS),
                scale=alt.Scale(domain=list(TESTS), range=["circle", "diamond"]),
                legend=below(columns=2),
            ),
        )
        .properties(**SMALL)
    )
    return _faceted(chart, data, "Forecast against truth, first seed")


def _after_start(curve: pd.DataFrame) -> pd.DataFrame:
    return curve[curve["step"] > 0]


def _spread(data: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Add one standard deviation below and above; a logarithm needs what is above zero."""
    bounds = {}
    for name in names:
        mean, sd = data[name].to_numpy(), data[f"{name}_sd"].to_numpy()
        bounds[f"{name}_low"] = np.maximum(mean - sd, mean / 10)
        bounds[f"{name}_high"] = mean + sd
    return data.assign(**bounds)


def _log() -> alt.Scale:
    return alt.Scale(type="log", nice=False, padding=12)


def _plain() -> alt.Axis:
    return alt.Axis(grid=False, tickCount=6)


def _colour(
    names: Sequence[str], *, field: str = "model", title: str = "Model", legend: bool = True
) -> alt.Color:
    scale = alt.Scale(domain=list(names), range=PALETTE[: len(names)])
    return alt.Color(
        f"{field}:N",
        title=title,
        sort=list(names),
        scale=scale,
        legend=below(columns=2) if legend else None,
    )


def _faceted(chart: AnyChart, data: pd.DataFrame, title: str) -> AnyChart:
    """Return a panel for each task; one alone stands by itself, as wide as its page."""
    tasks = list(dict.fromkeys(data["task"]))
    if len(tasks) == 1:
        alone: AnyChart = chart.properties(title=titled(title, tasks[0]), width=WIDTH, height=260)
        return alone
    faceted: alt.FacetChart = chart.facet(
        facet=alt.Facet("task:N", title=None, sort=tasks, header=alt.Header(labelLimit=420)),
        columns=2,
        title=title,
    )
    return faceted
