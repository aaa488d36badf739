"""The two-layer attention model of "Curse of Attention" (arXiv 2412.06061), trained by hand.

One network sees a window x of d steps and answers

    f(x) = c · Σ_r a_r ⟨p(x_d w_r x + b_r), x⟩ + s x_d,     c = 1/√m ("ntk") or 1/m ("mean_field")

with p the softmax or the sparsemax; the paper's own model has b = 0, s = 0 and fixed a_r = ±1.
What a study calls, on plain arrays:

    settings = AttentionSettings(width=128)                       # the model, frozen
    start = initial_parameters(d, settings, rng)                  # f(x) = 0 by pairs (w, ±1)
    training = train(x, y, start, settings, steps=300)            # full-batch gradient descent
    forward(x, training.parameters, settings)                     # (n_windows,) forecasts
    alignment(training.initial, training.parameters)              # cosine and signs of updates
    kernel_drift(x, training.initial, training.parameters, settings)
    last_step_attention(x, training.parameters, settings)         # mass where a = +1, a = -1

`train(..., optimiser="adam", learning_rate=0.02, keep=(1, 20))` trains by Adam and keeps the
parameters after those steps in `training.kept`; `training.losses` is the learning curve.
`AttentionForecaster` is the plug-in that fits it to windows.
"""

from blportfolio.forecasters.attention.diagnostics import (
    Alignment,
    alignment,
    kernel_drift,
    last_step_attention,
    step_weights,
    tangent_kernel,
)
from blportfolio.forecasters.attention.forecaster import AttentionForecaster, FittedAttention
from blportfolio.forecasters.attention.layer import (
    attention_weights,
    forward,
    jacobian,
    loss_and_gradient,
)
from blportfolio.forecasters.attention.parameters import (
    AttentionSettings,
    Parameters,
    initial_parameters,
)
from blportfolio.forecasters.attention.training import Training, largest_step, train

__all__ = [
    "Alignment",
    "AttentionForecaster",
    "AttentionSettings",
    "FittedAttention",
    "Parameters",
    "Training",
    "alignment",
    "attention_weights",
    "forward",
    "initial_parameters",
    "jacobian",
    "kernel_drift",
    "largest_step",
    "last_step_attention",
    "loss_and_gradient",
    "step_weights",
    "tangent_kernel",
    "train",
]
