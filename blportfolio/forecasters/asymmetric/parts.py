"""What is trained and measured in each part of the experiment."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import partial

from blportfolio.errors import ConfigError
from blportfolio.forecasters.asymmetric.measures import (
    Predict,
    compare_regimes,
    last_step_control,
    oracle_control,
    zero_control,
)
from blportfolio.forecasters.asymmetric.process import Steps
from blportfolio.forecasters.asymmetric.trial import (
    ALIGNMENT,
    CONTEST,
    GAMMA,
    HEADS,
    VARIANT,
    VARIANTS,
    Data,
    Found,
    Record,
    Trial,
    draw_data,
)
from blportfolio.forecasters.attention import (
    AttentionSettings,
    Training,
    alignment,
    forward,
    initial_parameters,
    kernel_drift,
    last_step_attention,
    train,
)
from blportfolio.forecasters.attention_kernel import AttentionKernelForecaster
from blportfolio.forecasters.linear import LinearForecaster
from blportfolio.forecasters.linear_residual import LinearResidualForecaster
from blportfolio.forecasters.multi_head_attention import MultiHeadAttentionForecaster
from blportfolio.types import Forecaster

CURVE = (1, 2, 5, 10, 20, 30, 50, 100, 200, 300, 500, 1000, 2000, 3000, 5000, 10_000)
SCATTER = 250


def run_trial(trial: Trial) -> Found:
    """Run a trial.

    Raises:
        ConfigError: If the part or a setting is unknown.
    """
    if trial.part not in PARTS:
        raise ConfigError(f"`part` must be one of {', '.join(PARTS)}, got {trial.part!r}.")
    return PARTS[trial.part](trial, draw_data(trial))


def _contest(trial: Trial, data: Data) -> Found:
    """All models on the same windows: the table of E1."""
    settings, training = _descend(trial, data)
    predictors: dict[str, Predict] = {
        "zero": zero_control,
        "AR(1)": last_step_control(data.train),
        "Linear": _fitted(LinearForecaster(penalties=0.0, intercept=False), data),
        "NLinear": _fitted(LinearResidualForecaster(penalties=0.0, intercept=False), data),
        "attention NTK": _fitted(AttentionKernelForecaster(normalise="none", penalties=1e-8), data),
        "attention GD": _network(settings, training),
        "oracle": oracle_control(data.process),
    }
    state = _state(settings, training, data)
    records = [
        {
            "model": name,
            **compare_regimes(predict, data.inside, data.outside),
            **(state if name == "attention GD" else {}),
        }
        for name, predict in predictors.items()
    ]
    points = _points(data, {name: predictors[name] for name in ("attention GD", "NLinear")})
    return _labelled(trial, Found(records, _curve(settings, training, data), points))


def _alignment(trial: Trial, data: Data) -> Found:
    """One network by gradient descent, watched: the table of E2."""
    settings, training = _descend(trial, data)
    measured = compare_regimes(_network(settings, training), data.inside, data.outside)
    record = {"model": "attention GD", **measured, **_state(settings, training, data)}
    return _labelled(trial, Found([record], _curve(settings, training, data)))


def _variant(trial: Trial, data: Data) -> Found:
    """One variant of the network by Adam: the table of E9."""
    settings, training = _descend(trial, data, optimiser="adam")
    measured = compare_regimes(_network(settings, training), data.inside, data.outside)
    return _labelled(trial, Found([{"model": trial.variant, **measured}]))


def _heads(trial: Trial, data: Data) -> Found:
    """An ordinary attention layer with positions and `width` heads: the table of E6b."""
    forecaster = MultiHeadAttentionForecaster(
        heads=trial.width, steps=trial.steps, holdout_share=0.0, seed=trial.seed[1]
    )
    predict = _fitted(forecaster, data)
    measured = compare_regimes(predict, data.inside, data.outside)
    name = "1 head" if trial.width == 1 else f"{trial.width} heads"
    return _labelled(trial, Found([{"model": name, **measured}]))


PARTS: Mapping[str, Callable[[Trial, Data], Found]] = {
    CONTEST: _contest,
    GAMMA: _contest,
    ALIGNMENT: _alignment,
    VARIANT: _variant,
    HEADS: _heads,
}


def _fitted(forecaster: Forecaster, data: Data) -> Predict:
    fitted = forecaster.fit(data.windows)
    return lambda context: fitted.predict(context)[:, 0]


def _descend(
    trial: Trial, data: Data, *, optimiser: str = "gd"
) -> tuple[AttentionSettings, Training]:
    settings = AttentionSettings(
        width=trial.width, scaling=trial.scaling, **VARIANTS[trial.variant]
    )
    start = initial_parameters(trial.target.dimension, settings, data.rng)
    training = train(
        data.train.context,
        data.train.target,
        start,
        settings,
        steps=trial.steps,
        optimiser=optimiser,
        keep=_kept_steps(trial.steps) if optimiser == "gd" else (),
    )
    return settings, training


def _kept_steps(steps: int) -> Collection[int]:
    return [0, *(step for step in CURVE if step < steps), steps]


def _network(settings: AttentionSettings, training: Training) -> Predict:
    return partial(forward, parameters=training.parameters, settings=settings)


def _state(settings: AttentionSettings, training: Training, data: Data) -> Record:
    """Alignment at the end, drift of the kernel and attention on the last step."""
    end = training.parameters
    aligned = alignment(training.initial, end)
    plus, minus = last_step_attention(data.train.context, end, settings)
    return {
        "upd_cos": aligned.update_cosine,
        "upd_sign": aligned.update_sign,
        "wt_sign": aligned.weight_sign,
        "kernel_drift": kernel_drift(data.train.context, training.initial, end, settings),
        "last_step_plus": plus,
        "last_step_minus": minus,
    }


def _curve(settings: AttentionSettings, training: Training, data: Data) -> list[Record]:
    """Errors and alignment at the kept steps; some thousand test windows serve."""
    inside, outside = (
        Steps(*(values[:2000] for values in steps)) for steps in (data.inside, data.outside)
    )
    curve: list[Record] = []
    for step, parameters in sorted(training.kept.items()):
        predict = partial(forward, parameters=parameters, settings=settings)
        measured = compare_regimes(predict, inside, outside)
        aligned = alignment(training.initial, parameters)
        curve.append(
            {
                "step": step,
                "id_rel0": measured["id_rel0"],
                "ood_rel0": measured["ood_rel0"],
                "ood_sign": measured["ood_sign"],
                "upd_cos": aligned.update_cosine,
                "upd_sign": aligned.update_sign,
                "wt_sign": aligned.weight_sign,
            }
        )
    return curve


def _points(data: Data, predictors: Mapping[str, Predict]) -> list[Record]:
    """Forecast and truth of the first test windows, sign-inconsistent ones and those as trained."""
    points: list[Record] = []
    for name, predict in predictors.items():
        for test, steps in (("as in training", data.inside), ("sign-inconsistent", data.outside)):
            forecasts = predict(steps.context[:SCATTER])
            points += [
                {"model": name, "test": test, "forecast": float(forecast), "truth": float(truth)}
                for forecast, truth in zip(forecasts, steps.truth, strict=False)
            ]
    return points


def _labelled(trial: Trial, found: Found) -> Found:
    """Return what was found, each record with the settings of its trial."""
    labels = {
        "part": trial.part,
        "kind": trial.target.kind,
        "dimension": trial.target.dimension,
        "gamma": trial.target.gamma,
        "regime": trial.regime,
        "width": trial.width,
        "scaling": trial.scaling,
        "seed": trial.seed[1],
    }
    return Found(*([{**labels, **row} for row in rows] for rows in _lists(found)))


def _lists(found: Found) -> tuple[list[Record], list[Record], list[Record]]:
    return found.records, found.curve, found.points
