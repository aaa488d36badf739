"""The page of the asymmetric-learning experiment: what is claimed, what is measured."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import pandas as pd

from blportfolio.forecasters.asymmetric import AsymmetricResult
from blportfolio.forecasters.asymmetric.trial import ALIGNMENT, CONTEST, GAMMA, HEADS, VARIANT
from blportfolio.report import asymmetric_charts as charts
from blportfolio.report.asymmetric_claims import claims_section
from blportfolio.report.charts import AnyChart
from blportfolio.report.study import Section, Study, Table

CLAIM = (
    "The scalar two-layer attention model of arXiv 2412.06061 follows the sign of the last value "
    "and cannot generalise to sign-inconsistent steps; a linear residual model can. Attention with "
    "positions and several heads does not have this limit on the same task."
)
WITHOUT_TORCH = (
    "Attention with several heads was not tried in this run, so that nothing below measures what "
    "is said of it: it needs PyTorch, the extra blportfolio[torch]."
)
NO_HEADS = "Attention with several heads was not asked for in this run."
_ERRORS = {
    "id_rel0": "As trained / zero",
    "ood_rel0": "Flips / zero",
    "ratio": "Flips / trained",
    "ood_sign": "Right on flips",
    "ood_follow": "Follows last",
}
_SQUARES = {"id_mse": "MSE trained", "ood_mse": "MSE flips"}
_WITHOUT_SPREAD = {*_SQUARES, "ood_follow"}
_ALIGNED = {
    "step_1": "Update sign: step 1",
    "step_30": "step 30",
    "upd_sign": "end",
    "upd_cos": "Update cosine, end",
    "wt_sign": "Weight sign, end",
    "kernel_drift": "Kernel drift",
    "last_step_plus": "Mass, a > 0",
    "last_step_minus": "Mass, a < 0",
    "ood_rel0": "Flips / zero",
}
_READING = (
    "As trained: tested on new windows drawn as in training (in distribution). Flips: tested on "
    "sign-inconsistent windows only, where the next value has another sign than the last (out of "
    "distribution). / zero: mean squared error over that of always forecasting zero, so that 1 is "
    "no skill and above 1 is worse than no forecast. Right on flips: share of forecasts there with "
    "the sign of the next value without its noise. Follows last: share with the sign of the last "
    "value. Mean ± standard deviation over seeds."
)
_CONTROLS = (
    "Zero, AR(1) and the oracle, which knows the weights c, are controls. A right sign in a few "
    "per cent of flips is what any model has that knows the last value only, AR(1) included; it "
    "says nothing of attention."
)
_AS_ABOVE = "Columns are those of the first table."


def asymmetric_study(result: AsymmetricResult) -> Study:
    """Return the study of a finished experiment."""
    frame = pd.DataFrame(list(result.records))
    parts = dict(iter(frame.groupby("part", sort=False)))
    curves = pd.DataFrame(list(result.curve))
    sections = [_contest(parts[CONTEST], curves, result)]
    if GAMMA in parts:
        sections.append(_by_gamma(parts[CONTEST], parts[GAMMA]))
    if ALIGNMENT in parts:
        sections.append(_alignment(parts[ALIGNMENT], curves[curves["part"] == ALIGNMENT]))
    if VARIANT in parts:
        sections.append(_variants(parts[VARIANT]))
    sections += [_heads(parts.get(HEADS), has_torch=result.has_heads), claims_section(result)]
    return Study(
        "asymmetric",
        "Asymmetric learning: does attention follow the last sign?",
        (CLAIM, *_summary(parts[CONTEST]), _on_heads(parts.get(HEADS), result.has_heads)),
        tuple(sections),
        result.records,
    )


def _summary(contest: pd.DataFrame) -> list[str]:
    """Say what the first table shows, in its own figures."""
    sentences = []
    by = ["kind", "dimension", "gamma", "regime", "model"]
    means = charts.mean_and_sd(contest, by, ["id_rel0", "ood_rel0", "ood_follow"]).set_index(by)
    for task in dict.fromkeys(key[:4] for key in means.index):
        kind, dimension, gamma, regime = task
        models = ("attention GD", "AR(1)", "NLinear")
        attention, ar, linear = (means.loc[(*task, model)] for model in models)
        sentences.append(
            f"Measured here ({kind}, d {dimension}, γ {gamma:g}, trained on {regime}): on "
            f"sign-inconsistent steps the error is {attention['ood_rel0']:.2f} times that of the "
            f"forecast zero for attention by gradient descent, {ar['ood_rel0']:.2f} for AR(1), "
            f"{linear['ood_rel0']:.3f} for NLinear; as in training {attention['id_rel0']:.2f}, "
            f"{ar['id_rel0']:.2f} and {linear['id_rel0']:.3f}. {_following(attention)}"
        )
    return sentences


def _following(attention: pd.Series) -> str:
    """Say how often the forecasts have the sign of the last value where signs flip."""
    share = attention["ood_follow"]
    if not share < 0.5:
        return f"On flips attention has the sign of the last value in {share:.1%} of steps."
    return (
        f"On flips attention has the opposite sign of the last value in {1 - share:.1%} of steps: "
        "with γ below zero the claim is reversed, and being tied to the last sign pays there."
    )


def _on_heads(heads: pd.DataFrame | None, has_torch: bool) -> str:
    """Say what several heads came to, or that they were not tried."""
    if heads is None:
        return WITHOUT_TORCH if not has_torch else NO_HEADS
    return f"Measured here with positions, {_flips(heads)}."


def _flips(frame: pd.DataFrame) -> str:
    """Return the error on flips of each model after each training, in words."""
    means = charts.mean_and_sd(frame, ["model", "regime"], ["ood_rel0"])
    found = [
        f"{row['ood_rel0']:.2f} for {row['model']} trained on {row['regime']}"
        for _, row in means.iterrows()
    ]
    return f"error on flips over that of zero: {', '.join(found)}"


def _contest(contest: pd.DataFrame, curves: pd.DataFrame, result: AsymmetricResult) -> Section:
    own = curves[curves["part"] == CONTEST]
    points = pd.DataFrame([row for row in result.points if row["part"] == CONTEST])
    error = "Error on sign-inconsistent steps against error as in training"
    drawn: list[tuple[str, AnyChart]] = [
        (error, charts.plot_errors(contest)),
        ("Right signs on sign-inconsistent steps", charts.plot_signs(contest)),
        ("Learning curves of the attention model", charts.plot_learning(own)),
        ("Forecast against truth", charts.plot_points(points)),
    ]
    return Section(
        "All models on the same windows",
        (
            "Windows u of d independent values; the next is Σ c_k u_k with the weight γ on the "
            "last, and all are observed with noise. Trained on all steps (as in the paper), or on "
            "sign-consistent steps only (con), the stronger shift. sym: equal weights before the "
            "last, so that order does not matter; affine: weights by position.",
            _READING,
        ),
        _table(charts.with_task(contest), ("task", "model"), ("Task", "Model"), _SQUARES | _ERRORS),
        tuple(drawn),
        (_CONTROLS,),
    )


def _by_gamma(contest: pd.DataFrame, gamma: pd.DataFrame) -> Section:
    kind, dimension = gamma["kind"].iloc[0], gamma["dimension"].iloc[0]
    same = contest[(contest["kind"] == kind) & (contest["dimension"] == dimension)]
    chart = charts.plot_by_gamma(pd.concat([gamma, same]))
    return Section(
        "By the weight γ of the last value",
        (
            "With γ below zero and training on all steps the same model becomes a reversal "
            "forecaster, right where signs flip: what it cannot do is to untie the sign of its "
            "forecast from the sign of the last value.",
        ),
        _table(charts.with_task(gamma), ("task", "model"), ("Task", "Model"), _ERRORS),
        (("Error on sign-inconsistent steps by γ", chart),),
        (
            f"{_AS_ABOVE} The chart adds the γ of that table. Lines that coincide hide one "
            "another, as do those of Linear, NLinear and the oracle.",
        ),
    )


def _alignment(frame: pd.DataFrame, curve: pd.DataFrame) -> Section:
    early = _early_signs(curve)
    joined = frame.merge(early, on=["scaling", "width", "regime", "seed"], how="left")
    table = _table(
        joined.assign(width=joined["width"].astype(str)),
        ("scaling", "width", "regime"),
        ("Scaling", "Width", "Training"),
        _ALIGNED,
        spread={"wt_sign"},
    )
    return Section(
        "Updates and weights",
        (
            "Theorem 5.2 says that every weight takes the sign of its output weight a. Shares of "
            "neurons whose update, and whose weight, has that sign; by chance it is 0.5. The error "
            "on flips hardly depends on any of it: the function class explains why it stays.",
        ),
        table,
        (("Signs of updates and weights over training", charts.plot_alignment(curve)),),
        (
            "ntk: the sum over m neurons is divided by √m, as in the paper; mean_field: by m. "
            "Drift of the kernel: ‖H(T) − H(0)‖ / ‖H(0)‖. Mass: mean attention on the last "
            "value, 1/d where it is spread evenly. Means over seeds, with ± one standard deviation "
            "for the sign of the weights.",
        ),
    )


def _early_signs(curve: pd.DataFrame) -> pd.DataFrame:
    """Return the share of updates with the sign of a after steps 1 and 30, one row a network."""
    keys = ["scaling", "width", "regime", "seed"]
    wide = curve[curve["step"].isin([1, 30])].pivot_table(
        index=keys, columns="step", values="upd_sign"
    )
    found = wide.reindex(columns=[1, 30])
    found.columns = ["step_1", "step_30"]
    return found.reset_index()


def _variants(frame: pd.DataFrame) -> Section:
    return Section(
        "Variants of the two-layer model",
        (
            "The same model with one thing changed, trained by Adam. With positional biases and a "
            "skip connection, trained long enough, it learns the task and keeps it where signs "
            f"flip. Measured here, {_flips(frame)}.",
        ),
        _table(charts.with_task(frame), ("task", "model"), ("Task", "Variant"), _ERRORS),
        (),
        (_AS_ABOVE,),
    )


def _heads(frame: pd.DataFrame | None, *, has_torch: bool) -> Section:
    heading = "Ordinary attention: positions and several heads"
    if frame is None:
        return Section(heading, (_on_heads(None, has_torch),))
    return Section(
        heading,
        (
            "An ordinary attention layer with embedding, learned positions and everything "
            "trained. One head gives all lags weights of one sign; a difference of heads does not. "
            f"Measured here, {_flips(frame)}.",
        ),
        _table(charts.with_task(frame), ("task", "model"), ("Task", "Heads"), _ERRORS),
        (),
        (_AS_ABOVE,),
    )


def _table(
    frame: pd.DataFrame,
    by: Sequence[str],
    labels: Sequence[str],
    measures: Mapping[str, str],
    spread: Collection[str] | None = None,
) -> Table:
    """Return a row of means over seeds for each group.

    Args:
        frame: Records.
        by: Columns that name a group.
        labels: Their headings.
        measures: Headings of the measures by column.
        spread: Measures with ± standard deviation; by default all but some.
    """
    names = list(measures)
    spread = set(names) - _WITHOUT_SPREAD if spread is None else spread
    data = charts.mean_and_sd(frame, by, names)
    has_spread = frame.groupby(list(by)).size().max() > 1
    rows = []
    for _, row in data.iterrows():
        cells = [
            format_figure(row[name], row[f"{name}_sd"] if has_spread and name in spread else 0.0)
            for name in names
        ]
        rows.append((*(str(row[key]) for key in by), *cells))
    return Table((*labels, *measures.values()), tuple(rows))


def format_figure(mean: float, sd: float, places: int | None = None) -> str:
    """Return a figure with its standard deviation; a dash where there is none.

    Args:
        mean: The figure.
        sd: Its standard deviation; none is shown where it is zero.
        places: Decimal places; by default as many as make about three digits.
    """
    if math.isnan(mean):
        return "–"
    if places is None:
        places = 4 if abs(mean) < 0.02 and mean != 0 else 3 if abs(mean) < 1 else 2
    return f"{mean:.{places}f} ± {sd:.{places}f}" if sd else f"{mean:.{places}f}"


def with_returns(study: Study, returns: Study) -> Study:
    """Return the study with the sections of the returns study after its own."""
    return replace(
        study,
        sections=(*study.sections, *returns.sections),
        records=(*study.records, *({"part": "returns", **row} for row in returns.records)),
    )
