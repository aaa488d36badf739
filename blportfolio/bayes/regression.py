"""Ridge regression of future returns on features, one regression an asset, all at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from blportfolio.errors import DataError
from blportfolio.types import FloatArray

LARGEST = 3000
"""Coefficients (n_assets × n_features) above which a joint, dense regression is refused."""


@dataclass(frozen=True, slots=True, eq=False)
class FeatureRegression:
    """Fitted regressions y = α + z β + e on standardised features z.

    Attributes:
        forecast: (n_assets,) α + z_now β, decimal per period.
        coefficients: (n_assets, n_features) β for features in standard deviations.
        fitted: (n_obs, n_assets) in-sample forecasts; 0 where a row has no part.
        known: (n_obs, n_assets) 1 where a row has part, else 0.
        leverage: (n_assets,) variance of the forecast over that of a one-period return.
        effective_parameters: (n_assets,) trace of the ridge's hat matrix, intercept included.
    """

    forecast: FloatArray
    coefficients: FloatArray
    fitted: FloatArray
    known: FloatArray
    leverage: FloatArray
    effective_parameters: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class CentredPanel:
    """Features and targets of every asset; rows that have no part are 0.

    Attributes:
        known: (n_obs, n_assets) 1 where a row has part, else 0.
        count: (n_assets,) rows that have part, at least 1.
        average: (n_assets,) mean target of those rows.
        design: (n_obs, n_assets, n_features) z-scores.
        outcome: (n_obs, n_assets) targets less their mean.
    """

    known: FloatArray
    count: FloatArray
    average: FloatArray
    design: FloatArray
    outcome: FloatArray

    def regression(
        self,
        now: FloatArray,
        intercept: FloatArray,
        coefficients: FloatArray,
        *,
        leverage: FloatArray,
        effective_parameters: FloatArray,
    ) -> FeatureRegression:
        """Return the regression with α (n_assets,) and β (n_assets, n_features)."""
        signal = np.einsum("tnd,nd->tn", self.design, coefficients)
        return FeatureRegression(
            forecast=intercept + np.einsum("nd,nd->n", now, coefficients),
            coefficients=coefficients,
            fitted=self.known * (intercept + signal),
            known=self.known,
            leverage=leverage,
            effective_parameters=effective_parameters,
        )


def centre(scores: FloatArray, targets: FloatArray, known: FloatArray) -> CentredPanel:
    """Return features and targets with unknown rows at 0; arguments as in `ridge_regression`."""
    count = np.maximum(known.sum(axis=0), 1.0)
    seen = np.where(known > 0, targets, 0.0)
    average = seen.sum(axis=0) / count
    design = np.where(known[:, :, None] > 0, scores, 0.0)
    return CentredPanel(known, count, average, design, known * (seen - average))


def forward_means(returns: FloatArray, horizon: int) -> FloatArray:
    """Return (n_obs − horizon, n_assets): in row t the mean return of t + 1 … t + horizon.

    Rows whose target would reach past the window do not exist: the last `horizon` rows of
    features have no target yet (purge).
    """
    total = np.vstack([np.zeros(returns.shape[1]), np.cumsum(returns, axis=0)])
    means: FloatArray = (total[1 + horizon :] - total[1:-horizon]) / horizon
    return means


def ridge_regression(
    scores: FloatArray,
    now: FloatArray,
    targets: FloatArray,
    known: FloatArray,
    *,
    ridge: float,
) -> FeatureRegression:
    """Regress `targets` on standardised features for every asset at once.

    The penalty `ridge` × n_obs stands beside Z'Z ≈ n_obs on the diagonal: 0 is ordinary least
    squares (minimum norm where features are collinear), 1 halves the coefficient of a feature
    that is uncorrelated with the others. The intercept is not penalised.

    Targets are means over `horizon` overlapping periods. Overlap leaves n_obs / horizon
    independent rows of variance σ² / horizon, so that the forecast's variance is σ² × leverage
    with σ² that of one period, whatever the horizon.

    Args:
        scores: (n_obs, n_assets, n_features) z-scores.
        now: (n_assets, n_features) z-scores at the decision.
        targets: (n_obs, n_assets) decimal per period.
        known: (n_obs, n_assets) of 0 and 1; an asset needs at least one row.
        ridge: Penalty ≥ 0.
    """
    panel = centre(scores, targets, known)
    design = panel.design.transpose(1, 0, 2)  # (n_assets, n_obs, n_features)
    outcome = panel.outcome.T[:, :, None]
    gram = design.transpose(0, 2, 1) @ design
    moment = design.transpose(0, 2, 1) @ outcome
    right = np.concatenate([moment, gram, now[:, :, None]], axis=2)
    if ridge > 0:
        penalty = (ridge * panel.count)[:, None, None] * np.eye(scores.shape[2])
        solved = np.linalg.solve(gram + penalty, right)
    else:
        solved = np.linalg.pinv(gram, rcond=1e-10, hermitian=True) @ right
    hat = solved[:, :, 1:-1]
    direction = solved[:, :, -1]
    spread = np.einsum("nd,nde,ne->n", direction, gram, direction)
    return panel.regression(
        now,
        panel.average,
        solved[:, :, 0],
        leverage=1 / panel.count + spread,
        effective_parameters=1 + np.einsum("ndd->n", hat),
    )


def check_joint_size(n_assets: int, n_features: int, *, method: str) -> None:
    """Check that a regression of all assets at once fits into memory.

    Raises:
        DataError: If there are more coefficients than `LARGEST`.
    """
    if n_assets * n_features > LARGEST:
        raise DataError(
            f"{n_assets} assets with {n_features} features make {n_assets * n_features} joint "
            f"coefficients; {method} takes at most {LARGEST}. Use fewer assets or features, or "
            'regress asset by asset (regression = "ridge").'
        )
