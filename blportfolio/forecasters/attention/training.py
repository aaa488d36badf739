"""Training of the two-layer attention model: full-batch gradient descent and Adam."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field

import numpy as np

from blportfolio.errors import DataError
from blportfolio.forecasters.attention.layer import forward, jacobian, loss_and_gradient
from blportfolio.forecasters.attention.parameters import (
    AttentionSettings,
    Parameters,
    trained_values,
    with_trained,
)
from blportfolio.forecasters.brief import Brief
from blportfolio.types import FloatArray, IntArray
from blportfolio.validation import check_choice, check_positive

OPTIMISERS = ("gd", "adam")
ADAM_RATE = 0.005
Progress = Callable[[int, int, float], None]
HeldOut = tuple[FloatArray, FloatArray, FloatArray | None]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Training(Brief):
    """How a network was trained, and what came of it.

    Attributes:
        initial: Parameters at the start.
        parameters: Parameters at the end, or where the held-out loss was lowest.
        losses: (n_steps + 1,) mean squared error in training before each step, and after the last.
        held_out_losses: The same on what was held out, at step 0 and every `check_every` steps
            after it; empty where nothing was held out.
        best_step: Steps that led to `parameters`; 0 where no step helped.
        learning_rate: Step size at the end.
        kept: Parameters after the steps asked for.
    """

    initial: Parameters
    parameters: Parameters
    losses: FloatArray
    held_out_losses: FloatArray
    best_step: int
    learning_rate: float
    kept: dict[int, Parameters] = field(default_factory=dict)


def train(
    x: FloatArray,
    y: FloatArray,
    parameters: Parameters,
    settings: AttentionSettings,
    *,
    steps: int,
    optimiser: str = "gd",
    learning_rate: float | None = None,
    batch_size: int | None = None,
    seed: int = 0,
    gain: FloatArray | None = None,
    held_out: HeldOut | None = None,
    patience: int = 50,
    check_every: int = 1,
    keep: Collection[int] = (),
    progress: Progress | None = None,
) -> Training:
    """Minimise half the mean squared error.

    Gradient descent takes the largest step that is safely stable, 1/λ_max(H(0)/n) with H the
    tangent kernel at the start, and halves it whenever the loss rises. Both stop where nothing is
    left to learn, or after `patience` steps without a lower held-out loss.

    Args:
        x: (n_windows, context_length) windows.
        y: (n_windows,) targets.
        parameters: Where to start.
        settings: The model.
        steps: Most steps.
        optimiser: "gd" or "adam".
        learning_rate: Step size; by default as above, and 0.005 for Adam.
        batch_size: Windows in a step of Adam, drawn by `seed`; by default all.
        seed: Of the order in which batches are drawn.
        gain: (n_windows,) what multiplies each forecast before it is compared; by default 1.
        held_out: Windows, targets and gain that decide when to stop.
        patience: Steps without improvement before stopping.
        check_every: Steps from one look at what is held out to the next.
        keep: Steps after which to keep the parameters.
        progress: Called after each step with the steps done, `steps` and the loss.

    Raises:
        DataError: If shapes disagree.
        ConfigError: If a setting is wrong.
    """
    check_choice(optimiser, OPTIMISERS, name="optimiser")
    if learning_rate is not None:
        check_positive(learning_rate, name="learning_rate")
    if x.ndim != 2 or len(x) < 1 or y.shape != (len(x),):
        raise DataError(
            f"`x` and `y` must have shapes (n, d) and (n,), n ≥ 1, got {x.shape} and {y.shape}."
        )
    rate = learning_rate
    if rate is None:
        rate = ADAM_RATE if optimiser == "adam" else largest_step(x, parameters, settings, gain)
    rows = _batches(len(x), batch_size if optimiser == "adam" else None, seed)
    first = second = np.zeros(1)
    values = trained_values(parameters, settings)
    enough = 1e-30 * float(np.mean(y**2))
    now, best, best_step = parameters, parameters, 0
    losses: list[float] = []
    later: list[float] = []
    kept = {0: parameters} if 0 in keep else {}
    previous: tuple[float, FloatArray, FloatArray] | None = None
    for step in range(steps + 1):
        chosen = next(rows)
        loss, gradient = loss_and_gradient(
            x[chosen], y[chosen], now, settings, None if gain is None else gain[chosen]
        )
        if optimiser == "gd":
            if previous is not None and not loss <= previous[0] * (1 + 1e-9):
                loss, values, gradient = previous
                now = with_trained(now, settings, values)
                rate /= 2
            previous = loss, values, gradient
        losses.append(loss)
        if held_out is None:
            best, best_step = now, step
        elif step % check_every == 0:
            later.append(_error(held_out, now, settings))
            if later[-1] < min(later[:-1], default=np.inf):
                best, best_step = now, step
        if step in keep:
            kept[step] = now
        if progress is not None and step:
            progress(step, steps, loss)
        if step == steps or loss <= enough or (later and step - best_step >= patience):
            break
        if optimiser == "gd":
            values = values - rate * gradient
        else:
            first = 0.9 * first + 0.1 * gradient
            second = 0.999 * second + 0.001 * gradient**2
            size = np.sqrt(second / (1 - 0.999 ** (step + 1))) + 1e-8
            values = values - rate / (1 - 0.9 ** (step + 1)) * first / size
        now = with_trained(now, settings, values)
    return Training(parameters, best, np.array(losses), np.array(later), best_step, rate, kept)


def largest_step(
    x: FloatArray,
    parameters: Parameters,
    settings: AttentionSettings,
    gain: FloatArray | None = None,
) -> float:
    """Return 1/λ_max(H/n) by power iteration, H = J Jᵀ the tangent kernel; 1 where it is zero.

    Where J would be large, evenly spaced windows stand for all.
    """
    size = len(trained_values(parameters, settings))
    rows = np.unique(np.linspace(0, len(x) - 1, max(1, min(len(x), 2**22 // size))).astype(int))
    slopes = jacobian(x[rows], parameters, settings)
    if gain is not None:
        slopes = slopes * gain[rows, None]
    direction = np.random.default_rng(0).standard_normal(size)
    eigenvalue = 0.0
    for _ in range(200):
        image = slopes.T @ (slopes @ (direction / np.linalg.norm(direction)))
        before, eigenvalue = eigenvalue, float(np.linalg.norm(image)) / len(rows)
        if eigenvalue == 0:
            return 1.0
        if abs(eigenvalue - before) <= 1e-6 * eigenvalue:
            break
        direction = image
    return 1 / eigenvalue


def _batches(n_windows: int, size: int | None, seed: int) -> Iterator[slice | IntArray]:
    """Yield the windows of one step after another, without end."""
    if size is None or size >= n_windows:
        while True:
            yield slice(None)
    rng = np.random.default_rng(seed)
    while True:
        order = rng.permutation(n_windows)
        for start in range(0, n_windows - size + 1, size):
            yield order[start : start + size]


def _error(held_out: HeldOut, parameters: Parameters, settings: AttentionSettings) -> float:
    x, y, gain = held_out
    forecast = forward(x, parameters, settings)
    return float(np.mean(((forecast if gain is None else gain * forecast) - y) ** 2))
