"""One trial of the experiment: its settings, and its data by a seed of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from blportfolio.forecasters.asymmetric.process import ResidualProcess, Steps, make_process
from blportfolio.forecasters.windows import Windows

Record = dict[str, Any]

CONTEST, GAMMA = "all models", "all models by γ"
ALIGNMENT, VARIANT, HEADS = "alignment", "variants", "several heads"
VARIANTS: dict[str, dict[str, Any]] = {
    "base": {},
    "unbalanced": {"balanced": False},
    "trained output": {"train_output": True},
    "skip": {"skip": "fixed"},
    "positions": {"positions": True},
    "positions and skip": {"positions": True, "skip": "fixed"},
    "sparsemax": {"activation": "sparsemax"},
}


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be forecast: the arguments of `make_process`."""

    kind: str = "affine"
    dimension: int = 8
    gamma: float = 0.6


@dataclass(frozen=True, slots=True)
class Trial:
    """One dataset and what is trained on it.

    Attributes:
        part: Table that it belongs to, one of `PARTS`.
        target: What is to be forecast.
        regime: Training distribution, "all" or "con".
        n: Training windows.
        width: Neurons, or heads in the part "heads".
        steps: Steps of training.
        seed: Seeds of the experiment and of this trial.
        n_test: Windows in each of the two tests.
        noise: Standard deviation of the noise on every value.
        scaling: "ntk" or "mean_field".
        variant: One of `VARIANTS`.
    """

    part: str
    target: Target
    regime: str
    n: int
    width: int
    steps: int
    seed: tuple[int, int]
    n_test: int = 20_000
    noise: float = 0.05
    scaling: str = "ntk"
    variant: str = "base"


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What a trial found.

    Attributes:
        records: One a model: measures by name.
        curve: One a kept step of training.
        points: Forecasts of some test windows beside the truth.
    """

    records: list[Record]
    curve: list[Record] = field(default_factory=list)
    points: list[Record] = field(default_factory=list)


@dataclass(frozen=True, slots=True, eq=False)
class Data:
    """The data of a trial, and a source of randomness for the network."""

    process: ResidualProcess
    train: Steps
    inside: Steps
    outside: Steps
    rng: np.random.Generator

    @property
    def windows(self) -> Windows:
        """The training windows as forecasters take them."""
        return Windows(self.train.context, self.train.target[:, None])


def draw_data(trial: Trial) -> Data:
    """Draw training windows, a test of the same kind, and a sign-inconsistent test.

    Regimes share the process of a seed; each part of the data has its own stream of numbers.
    """
    streams = np.random.default_rng(list(trial.seed)).spawn(5)
    target = trial.target
    process = make_process(target.kind, target.dimension, target.gamma, streams[0])
    return Data(
        process,
        process.draw(trial.n, trial.regime, trial.noise, streams[1]),
        process.draw(trial.n_test, trial.regime, trial.noise, streams[2]),
        process.draw(trial.n_test, "inc", trial.noise, streams[3]),
        streams[4],
    )
