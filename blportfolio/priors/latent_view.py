"""The latent view of one decision: what a regression on features says of each asset's return."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from blportfolio.bayes.hyperparameters import (
    parameter_feature_covariance,
    record_feature_covariance,
    residual_feature_covariance,
    silverman_feature_covariance,
)
from blportfolio.bayes.pooled import pooled_regression
from blportfolio.bayes.regression import forward_means, ridge_regression
from blportfolio.bayes.sur import sur_regression
from blportfolio.errors import ConfigError, DataError
from blportfolio.features import standardise
from blportfolio.types import BoolArray, FloatArray, IntArray, WindowArrays
from blportfolio.validation import check_choice

REGRESSIONS = ("ridge", "pooled", "sur", "direct")
DIRECT = REGRESSIONS[-1]
UNCERTAINTIES = ("residual", "parameter", "silverman")
NO_VIEW = "No asset has a view."


class RegressionChoice(Protocol):
    """How a prior learns its view from features."""

    @property
    def horizon(self) -> int | None:
        """Periods that a view looks ahead; None for those of one month."""
        ...

    @property
    def ridge(self) -> float:
        """Penalty in units of n_obs."""
        ...

    @property
    def regression(self) -> str:
        """One of `REGRESSIONS`."""
        ...

    @property
    def feature_uncertainty(self) -> str:
        """One of `UNCERTAINTIES`."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class LatentView:
    """What the features imply for the assets that have a view.

    Attributes:
        seen: (n_seen,) positions of these assets.
        mean: (n_seen,) x, decimal per period.
        noise: (n_seen, n_seen) Ω^F, decimal² per period.
    """

    seen: IntArray
    mean: FloatArray
    noise: FloatArray


def learn_view(
    prior: RegressionChoice, window: WindowArrays, sigma: FloatArray
) -> LatentView | None:
    """Return x and Ω^F, or None when no asset has a view.

    A feature that no asset has at the decision is left out, such as a macro-economic series that
    has ended. So is, for an asset alone, one that it does not have at the decision or in half the
    rows, such as a forecast before its first fit: it is put at 0, the asset's average, and says
    nothing. An asset has a view when one feature is left, and half the rows hold all that are.
    Where nothing is regressed ("direct") the features are forecasts, and x is their average.

    Args:
        prior: How to learn it.
        window: Returns (n_obs, n_assets) and features (n_obs, n_assets, n_features).
        sigma: (n_assets, n_assets) Σ.

    Raises:
        DataError: If the window is too short for the horizon.
        ConfigError: If a feature that should be the view itself is no forecast.
    """
    features = window.features
    if features is None:
        return None
    if prior.regression == DIRECT:
        check_forecasts(window.feature_names, window.forecasts)
    features = features[:, :, ~np.isnan(features[-1]).all(axis=0)]
    if features.shape[2] == 0:
        return None
    if prior.regression == DIRECT:
        return _direct_view(prior, window.returns, features.mean(axis=2))
    horizon = prior.horizon or max(1, round(window.periods_per_year / 12))
    n_obs, _, n_features = features.shape
    least = max(10, 2 * (n_features + 1))
    if n_obs - horizon < least:
        raise DataError(
            f"`lookback` of {n_obs} returns leaves {max(n_obs - horizon, 0)} rows to learn "
            f"from at horizon {horizon}; {n_features} features need {least}. Lengthen the "
            "lookback, shorten the horizon or use fewer features."
        )
    enough = max(least, (n_obs - horizon) / 2)
    finite = np.isfinite(features)
    counted = finite[-1] & (finite[:-horizon].sum(axis=0) >= enough)
    complete: BoolArray = np.all(finite | ~counted, axis=2)
    seen = np.flatnonzero(counted.any(axis=1) & (complete[:-horizon].sum(axis=0) >= enough))
    if not len(seen):
        return None
    features = np.where(counted, features, 0.0)
    returns = window.returns[:, seen]
    known = complete[:-horizon, seen].astype(float)
    scores = standardise(features[:, seen], np.vstack([known, np.zeros((horizon, len(seen)))]))
    past, now = scores[:-horizon], scores[-1]
    targets = forward_means(returns, horizon)
    following = returns[1 : len(past) + 1]
    if prior.regression == "pooled":
        fitted = pooled_regression(past, now, targets, known, returns=returns, horizon=horizon)
    elif prior.regression == "sur":
        total = sigma[np.ix_(seen, seen)] + _silverman(past, now, targets, known)
        fitted = sur_regression(
            past, now, targets, known, noise_covariance=total, ridge=prior.ridge
        )
    else:
        fitted = ridge_regression(past, now, targets, known, ridge=prior.ridge)
    if prior.feature_uncertainty == "silverman":
        return LatentView(seen, fitted.forecast, _silverman(past, now, targets, known))
    estimate = (
        residual_feature_covariance
        if prior.feature_uncertainty == "residual"
        else parameter_feature_covariance
    )
    return LatentView(seen, fitted.forecast, estimate(following, fitted))


def check_regression(prior: RegressionChoice, *, learns_quality: bool) -> None:
    """Check how a prior learns its view, and that a view of forecasts has an uncertainty.

    Args:
        prior: How it learns.
        learns_quality: Whether it learns Ω besides Ω^F, which may then be zero.

    Raises:
        ConfigError: If a name is unknown, the horizon or penalty out of range, or Ω^F would need
            a regression where there is none.
    """
    check_choice(prior.feature_uncertainty, UNCERTAINTIES, name="feature_uncertainty")
    check_choice(prior.regression, REGRESSIONS, name="regression")
    if prior.horizon is not None and not (
        isinstance(prior.horizon, int | np.integer) and prior.horizon >= 1
    ):
        raise ConfigError(f"`horizon` must be 1 period or more, got {prior.horizon}.")
    if not (isinstance(prior.ridge, int | float | np.number) and 0 <= prior.ridge < np.inf):
        raise ConfigError(f"`ridge` must be 0 or more, got {prior.ridge!r}.")
    if prior.regression != DIRECT:
        return
    if prior.feature_uncertainty == "silverman":
        raise ConfigError(
            '`feature_uncertainty` "silverman" is made of regression coefficients, and '
            '`regression` "direct" has none; use "residual".'
        )
    if prior.feature_uncertainty == "parameter" and not learns_quality:
        raise ConfigError(
            '`feature_uncertainty` "parameter" would take forecasts for certain, as '
            '`regression` "direct" estimates no parameter; use "residual", their record.'
        )


def check_forecasts(names: Sequence[str], forecasts: Collection[str]) -> None:
    """Check that every feature is a forecast, which alone may be taken for a view as it is.

    Args:
        names: Features of a prior whose `regression` is "direct".
        forecasts: Which of them forecast the mean return per period.

    Raises:
        ConfigError: Naming one that does not.
    """
    others = [name for name in names if name not in forecasts]
    if others:
        raise ConfigError(
            f'`regression` is "direct", which takes features for views as they stand, and '
            f"{others[0]!r} is no forecast of returns. Remove it, or let a regression learn from "
            'it: "ridge", "pooled" or "sur".'
        )


def _direct_view(
    prior: RegressionChoice, returns: FloatArray, forecasts: FloatArray
) -> LatentView | None:
    """Return the forecasts (n_obs, n_assets) of today as x, with Ω^F from their record.

    An asset has a view when it has a forecast at the decision and at half the rows before.
    """
    past = forecasts[:-1]
    known = np.isfinite(past)
    enough = max(10.0, len(past) / 2)
    seen = np.flatnonzero(np.isfinite(forecasts[-1]) & (known.sum(axis=0) >= enough))
    if not len(seen):
        return None
    noise = np.zeros((len(seen), len(seen)))
    if prior.feature_uncertainty != "parameter":  # nothing was estimated within the window
        noise = record_feature_covariance(
            returns[1:, seen], past[:, seen], known[:, seen].astype(float)
        )
    return LatentView(seen, forecasts[-1, seen], noise)


def _silverman(
    past: FloatArray, now: FloatArray, targets: FloatArray, known: FloatArray
) -> FloatArray:
    """Return the paper's Ω^F, which is made of least-squares coefficients."""
    unpenalised = ridge_regression(past, now, targets, known, ridge=0.0)
    return silverman_feature_covariance(unpenalised.coefficients, len(past))


def blind_remarks(window: WindowArrays, view: LatentView | None) -> tuple[str, ...]:
    """Say which assets have no view; a backtest says by itself which features are missing."""
    if view is None:
        return (NO_VIEW,)
    if len(view.seen) == len(window.assets):
        return ()
    seen = {int(position) for position in view.seen}
    blind = [asset for i, asset in enumerate(window.assets) if i not in seen]
    return (f"No view on {', '.join(blind)}.",)
