"""Trains multi-head attention by Adam with PyTorch, the optional extra `torch`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from blportfolio.errors import ConfigError, DataError
from blportfolio.forecasters.checks import check_whole
from blportfolio.forecasters.multi_head.network import (
    MultiHeadNetwork,
    Shape,
    forward,
    initial_parameters,
    patches,
)
from blportfolio.types import FloatArray, IntArray
from blportfolio.validation import check_matrix, check_positive

if TYPE_CHECKING:
    from collections.abc import Iterator

Progress = Callable[[int, int, float], None]
_CHECK_EVERY = 25


def import_torch() -> Any:  # noqa: ANN401, a module
    """Return PyTorch.

    Raises:
        ConfigError: If it is not installed.
    """
    try:
        import torch
    except ImportError as error:
        raise ConfigError(
            "Multi-head attention is trained with PyTorch, which is not installed. Add the extra "
            '`torch`: pip install "blportfolio[torch]". The other forecasters work without it.'
        ) from error
    return torch


def train_multi_head(
    x: ArrayLike,
    y: ArrayLike,
    *,
    heads: int = 4,
    dimension: int = 16,
    patch: int = 1,
    positions: bool = True,
    readout: str = "last",
    steps: int = 2500,
    learning_rate: float = 0.01,
    batch_size: int | None = None,
    validation: tuple[ArrayLike, ArrayLike] | None = None,
    patience: int = 500,
    seed: int = 0,
    progress: Progress | None = None,
) -> MultiHeadNetwork:
    """Train one layer of multi-head attention on raw arrays by Adam on the mean squared error.

    All arithmetic is double precision on one thread, and randomness comes from a NumPy generator,
    so the same seed gives the same network; PyTorch's global seed and threads are left as they
    were.

    Args:
        x: (n, length) windows, oldest value first, in units of about one.
        y: (n,) or (n, horizon) what followed.
        heads: Attention heads.
        dimension: Width of a token, a multiple of `heads`.
        patch: Values of the window that make a token.
        positions: Whether tokens have a learned position added.
        readout: `last` if the last token alone asks, `all` if every token does.
        steps: Most steps of Adam.
        learning_rate: Its step size, which falls to zero over the steps along half a cosine.
        batch_size: Windows in a step, drawn anew each time; by default all of them.
        validation: Windows and what followed, to stop early by; by default no early stop.
        patience: Steps without a smaller validation error before training stops.
        seed: Of the starting weights and the batches.
        progress: Called every 25 steps with the steps done, the most there can be, and the loss.

    Returns:
        The network, a function of (m, length) windows to (m, horizon) outputs. It starts by
        answering zero; with validation it is the best seen at every 25 steps, so that it answers
        zero where nothing helped.

    Raises:
        ConfigError: If a setting is out of range, or PyTorch is not installed.
        DataError: If shapes disagree, or a value is not finite.
    """
    shape = Shape(heads, dimension, patch, positions, readout)
    for name, count in (("steps", steps), ("patience", patience), ("batch_size", batch_size)):
        if not (name == "batch_size" and count is None):
            check_whole(count, 1, name=name)
    check_positive(learning_rate, name="learning_rate")
    inputs, targets = _pair(x, y)
    rng = np.random.default_rng(seed)
    drawn = initial_parameters(shape, inputs.shape[1], targets.shape[1], rng)
    torch = import_torch()
    with _one_thread(torch):
        run = _Run(torch, shape, drawn, learning_rate, steps)
        data = run.tensors(inputs, targets)
        held = None if validation is None else run.tensors(*_pair(*validation))
        best, best_step = run.snapshot(), 0
        best_error = np.inf if held is None else run.error(*held)
        losses: list[tuple[float, float]] = []
        for step in range(1, steps + 1):
            rows: slice | IntArray = slice(None)
            if batch_size is not None and batch_size < len(inputs):
                rows = rng.choice(len(inputs), batch_size, replace=False)
            loss = run.step(data[0][rows], data[1][rows])
            if step % _CHECK_EVERY and step < steps:
                continue
            error = np.nan if held is None else run.error(*held)
            losses.append((loss, error))
            if progress is not None:
                progress(step, steps, loss)
            if held is None or error < best_error:
                best, best_step, best_error = run.snapshot(), step, error
            elif step - best_step >= patience:
                break
    return MultiHeadNetwork(shape, best, inputs.shape[1], best_step, np.array(losses))


class _Run:
    """The weights as tensors, and Adam on them."""

    def __init__(
        self,
        torch: Any,  # noqa: ANN401
        shape: Shape,
        drawn: dict[str, FloatArray],
        learning_rate: float,
        steps: int,
    ) -> None:
        self.torch, self.shape = torch, shape
        self.weights = {
            name: torch.tensor(value, dtype=torch.float64, requires_grad=True)
            for name, value in drawn.items()
        }
        self.adam = torch.optim.Adam(self.weights.values(), lr=learning_rate)
        self.rate = torch.optim.lr_scheduler.CosineAnnealingLR(self.adam, steps)

    def tensors(self, x: FloatArray, y: FloatArray) -> tuple[Any, Any]:
        """Return windows cut into patches, and targets."""
        pieces = patches(x, self.shape.patch)
        return self.torch.from_numpy(pieces), self.torch.from_numpy(y.copy())

    def step(self, pieces: Any, target: Any) -> float:  # noqa: ANN401
        """Take one step; return the error before it."""
        self.adam.zero_grad()
        output = forward(self.torch, self.weights, self.shape, pieces)
        loss = ((output - target) ** 2).mean()
        loss.backward()
        self.adam.step()
        self.rate.step()
        return float(loss.detach())

    def error(self, pieces: Any, target: Any) -> float:  # noqa: ANN401
        """Return the mean squared error."""
        with self.torch.no_grad():
            output = forward(self.torch, self.weights, self.shape, pieces)
            return float(((output - target) ** 2).mean())

    def snapshot(self) -> dict[str, FloatArray]:
        """Return read-only copies of the weights."""
        copies = {name: w.detach().numpy().copy() for name, w in self.weights.items()}
        for copy in copies.values():
            copy.setflags(write=False)
        return copies


@contextmanager
def _one_thread(torch: Any) -> Iterator[None]:  # noqa: ANN401
    """Compute on one thread, so that sums round alike on every machine, then on as many again."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _pair(x: ArrayLike, y: ArrayLike) -> tuple[FloatArray, FloatArray]:
    windows, following = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    if windows.ndim != 2 or min(windows.shape) < 1:
        raise DataError(f"`x` must have shape (n, length), got {windows.shape}.")
    wide = following[:, None] if following.ndim == 1 else following
    if wide.ndim != 2 or len(wide) != len(windows) or wide.shape[1] < 1:
        raise DataError(
            f"`y` must have shape ({len(windows)},) or ({len(windows)}, horizon), got "
            f"{following.shape}."
        )
    return (
        check_matrix(windows, windows.shape, name="x"),
        check_matrix(wide, wide.shape, name="y"),
    )
