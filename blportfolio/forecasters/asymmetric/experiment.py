"""The asymmetric-learning experiment: which trials, run over seeds, in this process or several."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from blportfolio.errors import ConfigError
from blportfolio.forecasters.asymmetric.parts import PARTS, run_trial
from blportfolio.forecasters.asymmetric.process import KINDS, REGIMES, make_process
from blportfolio.forecasters.asymmetric.trial import (
    ALIGNMENT,
    CONTEST,
    GAMMA,
    HEADS,
    VARIANT,
    VARIANTS,
    Found,
    Record,
    Target,
    Trial,
)
from blportfolio.forecasters.attention.parameters import SCALINGS, AttentionSettings
from blportfolio.forecasters.attention_kernel import kernel_features
from blportfolio.forecasters.checks import check_whole
from blportfolio.forecasters.multi_head_attention import MultiHeadAttentionForecaster
from blportfolio.validation import check_choice

Progress = Callable[[str, int, int], None]
TRAINING = tuple(name for name in REGIMES if name != "inc")


@dataclass(frozen=True, slots=True)
class Budget:
    """How much a part of the experiment may use.

    Attributes:
        n: Training windows.
        width: Neurons.
        steps: Steps of training.
        seeds: Repetitions, each with data and network of its own.
    """

    n: int
    width: int
    steps: int
    seeds: int

    def __post_init__(self) -> None:
        """Check that all are whole numbers above zero."""
        for name in ("n", "width", "steps", "seeds"):
            check_whole(getattr(self, name), 1, name=name)


@dataclass(frozen=True, slots=True)
class AsymmetricSettings:
    """What to run; the defaults take about a minute. `full_settings` has those of the maths.

    Attributes:
        targets: What is to be forecast by all models.
        regimes: Training distributions: "all", "con" or both.
        contest: Budget of the table of all models.
        gammas: Further weights γ of the last value, tried on the last of the targets.
        gamma: Budget of those.
        widths: Neurons of the networks that are watched.
        scalings: Scalings of the networks that are watched.
        alignment: Budget of those; its width is not used.
        variants: Names of `VARIANTS`, trained by Adam.
        variant_targets: What they are to forecast.
        variant: Budget of those.
        heads: Numbers of heads of an ordinary attention layer; it needs torch.
        head: Budget of those, on the last of the targets; its width is not used.
        n_test: Windows in each test.
        noise: Standard deviation of the noise on every value.
        seed: Seed of everything.

    Raises:
        ConfigError: If a choice is unknown, or a number out of range.
    """

    targets: tuple[Target, ...] = (Target("affine", 8, 0.6),)
    regimes: tuple[str, ...] = ("all", "con")
    contest: Budget = Budget(600, 128, 300, 3)
    gammas: tuple[float, ...] = (-0.6, 0.3, 0.9)
    gamma: Budget = Budget(600, 64, 100, 2)
    widths: tuple[int, ...] = (32, 128)
    scalings: tuple[str, ...] = SCALINGS
    alignment: Budget = Budget(300, 1, 300, 2)
    variants: tuple[str, ...] = ("base", "positions and skip")
    variant_targets: tuple[Target, ...] = (Target("affine", 8, 0.6),)
    variant: Budget = Budget(500, 32, 500, 2)
    heads: tuple[int, ...] = (1, 4)
    head: Budget = Budget(1000, 1, 300, 1)
    n_test: int = 5000
    noise: float = 0.05
    seed: int = 0

    def __post_init__(self) -> None:
        """Check all of it before the first trial runs, not the last."""
        check_whole(self.seed, 0, name="seed")
        check_whole(self.n_test, 1, name="n_test")
        for heads in self.heads:
            MultiHeadAttentionForecaster(heads=heads)
        for target in (*self.targets, *self.variant_targets):
            check_choice(target.kind, KINDS, name="kind")
        for regime in self.regimes:
            if regime == "inc":
                raise ConfigError(
                    "`regimes` are training distributions, all or con; inc is the test. "
                    "Training on what is tested would answer nothing."
                )
            check_choice(regime, TRAINING, name="regimes")
        for scaling in self.scalings:
            check_choice(scaling, SCALINGS, name="scalings")
        for variant in self.variants:
            check_choice(variant, VARIANTS, name="variants")
        if not self.targets or not self.regimes:
            raise ConfigError("`targets` and `regimes` must name one or more each.")
        for width in (self.contest.width, self.gamma.width, self.variant.width, *self.widths):
            AttentionSettings(width=width)
        rng = np.random.default_rng(0)
        for target in (*self.targets, *self.variant_targets, *self.further_targets):
            process = make_process(target.kind, target.dimension, target.gamma, rng)
            for regime in (*self.regimes, "inc"):
                process.draw(1, regime, self.noise, rng)

    @property
    def further_targets(self) -> tuple[Target, ...]:
        """What is to be forecast with further weights of the last value."""
        return tuple(replace(self.targets[-1], gamma=gamma) for gamma in self.gammas)


@dataclass(frozen=True, slots=True, eq=False)
class AsymmetricResult:
    """What the experiment found.

    Attributes:
        settings: What was run.
        records: One a trial and model: labels and measures.
        curve: One a trial of gradient descent and kept step.
        points: Forecasts of some test windows of the first seed beside the truth.
        spectrum: Smallest over largest eigenvalue of the infinite-width kernel by `n` windows.
        has_heads: Whether torch is here, so that several heads were tried.
    """

    settings: AsymmetricSettings
    records: tuple[Record, ...]
    curve: tuple[Record, ...]
    points: tuple[Record, ...]
    spectrum: tuple[Record, ...]
    has_heads: bool


def full_settings(seed: int = 0) -> AsymmetricSettings:
    """Return the settings of the figures that the project's maths records: tens of minutes."""
    four = (Target("sym", 4, 0.3), Target("affine", 8, 0.6))
    return AsymmetricSettings(
        targets=four,
        contest=Budget(1000, 256, 3000, 10),
        gamma=Budget(600, 128, 1000, 10),
        widths=(8, 32, 128, 512),
        alignment=Budget(500, 1, 3000, 5),
        variants=tuple(VARIANTS),
        variant_targets=four,
        variant=Budget(1000, 64, 1500, 5),
        heads=(1, 2, 4, 8),
        head=Budget(1000, 1, 2500, 5),
        n_test=20_000,
        seed=seed,
    )


def has_torch() -> bool:
    """Return whether the extra `torch` is installed."""
    return importlib.util.find_spec("torch") is not None


def plan_trials(settings: AsymmetricSettings) -> list[Trial]:
    """Return all trials in the order of the tables."""
    trials: list[Trial] = []

    def add(part: str, target: Target, budget: Budget, **changes: Any) -> None:  # noqa: ANN401
        for regime in settings.regimes:
            base = Trial(
                part,
                target,
                regime,
                budget.n,
                budget.width,
                budget.steps,
                (settings.seed, 0),
                settings.n_test,
                settings.noise,
            )
            trials.extend(
                replace(base, seed=(settings.seed, number), **changes)
                for number in range(budget.seeds)
            )

    for target in settings.targets:
        add(CONTEST, target, settings.contest)
    for target in settings.further_targets:
        add(GAMMA, target, settings.gamma)
    for scaling in settings.scalings:
        for width in settings.widths:
            target = settings.targets[-1]
            add(ALIGNMENT, target, settings.alignment, width=width, scaling=scaling)
    for target in settings.variant_targets:
        for variant in settings.variants:
            add(VARIANT, target, settings.variant, variant=variant)
    if has_torch():
        for heads in settings.heads:
            add(HEADS, settings.targets[-1], settings.head, width=heads)
    return trials


def run_asymmetric(
    settings: AsymmetricSettings | None = None,
    progress: Progress | None = None,
    *,
    jobs: int = 1,
) -> AsymmetricResult:
    """Run the experiment.

    Args:
        settings: What to run; by default what takes about a minute.
        progress: Called with the part, the trials done in it and their number.
        jobs: Processes at work; figures do not depend on it, up to rounding.

    Raises:
        ConfigError: If the settings are wrong, such as a γ for which no process exists.
    """
    chosen = AsymmetricSettings() if settings is None else settings
    trials = plan_trials(chosen)
    counts = {part: sum(trial.part == part for trial in trials) for part in PARTS}
    done = dict.fromkeys(counts, 0)
    found: list[Found] = []
    for trial, result in zip(trials, _results(trials, jobs), strict=True):
        found.append(result)
        done[trial.part] += 1
        if progress is not None:
            progress(trial.part, done[trial.part], counts[trial.part])
    return AsymmetricResult(
        chosen,
        tuple(row for one in found for row in one.records),
        tuple(row for one in found for row in one.curve),
        tuple(row for one in found for row in one.points if row["seed"] == 0),
        kernel_spectrum(chosen.seed),
        has_torch(),
    )


def kernel_spectrum(seed: int, dimension: int = 8, draws: int = 10) -> tuple[Record, ...]:
    """Return the median λ_min/λ_max of the infinite-width kernel of 5, 10 and 20 random windows.

    From singular values of its features, which resolve eigenvalues far below rounding.
    """
    rng = np.random.default_rng(seed)
    features = [kernel_features(rng.standard_normal((20, dimension))) for _ in range(draws)]
    found: list[Record] = []
    for n in (5, 10, 20):
        values = np.array([np.linalg.svd(part[:n], compute_uv=False) for part in features])
        found.append({"n": n, "ratio": float(np.median(values[:, -1] / values[:, 0])) ** 2})
    return tuple(found)


def _results(trials: list[Trial], jobs: int) -> Iterator[Found]:
    """Yield what each trial found, in order, as soon as it is there."""
    if jobs == 1:
        yield from map(run_trial, trials)
        return
    from sklearn.utils.parallel import Parallel, delayed

    work = (delayed(run_trial)(trial) for trial in trials)
    yield from Parallel(n_jobs=jobs, return_as="generator")(work)
