"""What the terms of the forecasting laboratory mean, one sentence each."""

from __future__ import annotations

FORECASTS = {
    "attention": "A forecast that weighs past steps by how alike they are to the last one, as "
    "learned from training windows.",
    "attention_weights": "Share that each past step has in a forecast; the shares of one forecast "
    "add up to 1.",
    "linear_residual": "Last value plus a linear map of the differences to it (NLinear).",
    "naive": "A forecast that costs nothing: zero, the last value or the mean so far.",
    "zero_forecast": "Always zero: what a forecast of returns has to beat.",
    "last_value": "The next value is the last one: what a forecast of levels has to beat.",
    "autoregression": "AR(p): a linear map of the last p values, iterated for longer horizons.",
    "ridge": "Least squares with a penalty on large coefficients, chosen by the error on held-out "
    "rows.",
    "hopfield": "Retrieval: finds past windows like this one and forecasts what followed them.",
    "state_space": "A bank of states that forget at fixed rates, read out linearly.",
    "attention_kernel": "The attention model of infinite width, which training turns into ridge "
    "regression on fixed features.",
    "multi_head_attention": "Attention with several heads and learned positions; needs the extra "
    "`torch`.",
    "mse": "Mean of squared forecast errors.",
    "mae": "Mean of absolute forecast errors.",
    "mase": "Mean absolute error over that of the naive forecast: below 1 is better than naive.",
    "relative_error": "Error over that of the naive forecast: below 1 is better than naive.",
    "r_squared": "1 less squared errors over those of zero or the mean, out of sample; negative "
    "where the simple forecast was better.",
    "hit_rate": "Share of steps whose sign was forecast.",
    "ic": "Information coefficient: correlation of forecast and outcome.",
    "sign_consistency": "A step is sign-consistent if the next value has the sign of the last; "
    "nobody knows beforehand which it will be.",
    "collapse": "Share of forecasts that do no more than follow, or oppose, the sign of the last "
    "value.",
    "context_length": "Number of past values that a forecast sees.",
    "horizon": "Number of periods ahead that is forecast.",
    "learning_curve": "Error after each training step, on what is trained on and on what is held "
    "out.",
    "refit": "How often forecasters are fitted again on all that is known by then.",
    "diebold_mariano": "Test of equal expected losses of two forecasts, with correlated errors "
    "allowed for.",
    "clark_west": "Test whether a model has something to say beyond a simpler one, its noise "
    "taken away.",
    "asymmetric_learning": "Training on such data aligns the attention model with the sign of "
    "the last value, so that it fails on steps that turn.",
    "correlation_gamma": "γ, correlation of last and next value in the simulated process.",
    "softmax": "Turns scores into positive weights that add up to 1.",
    "entmax": "Like softmax, but small weights become exactly zero.",
    "width": "Number of hidden neurons of a model.",
    "noise": "Standard deviation of what cannot be forecast in the simulated process.",
    "training_steps": "Number of updates of the model's weights.",
    "levels": "Forecast the series itself instead of its returns.",
}
