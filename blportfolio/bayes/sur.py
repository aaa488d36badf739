"""The paper's regression on features: all assets at once by generalised least squares."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from blportfolio.bayes.regression import FeatureRegression, centre, check_joint_size
from blportfolio.types import FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class NormalEquations:
    """Sums over the rows that fix α and β, W_t being 0 for assets unknown in row t.

    Attributes:
        precision: (n_assets, n_assets) Σ W_t.
        cross: (n_assets, n_assets × n_features) Σ W_t F_t.
        gram: (n_assets × n_features, n_assets × n_features) A = Σ F_tᵀ W_t F_t.
        level: (n_assets,) Σ W_t ỹ_t.
        moment: (n_assets × n_features,) b = Σ F_tᵀ W_t ỹ_t.
    """

    precision: FloatArray
    cross: FloatArray
    gram: FloatArray
    level: FloatArray
    moment: FloatArray


def sur_regression(
    scores: FloatArray,
    now: FloatArray,
    targets: FloatArray,
    known: FloatArray,
    *,
    noise_covariance: FloatArray,
    ridge: float = 0.0,
) -> FeatureRegression:
    """Maximise the likelihood of y_t = α + F_t β + e_t, e_t ~ N(0, Ω^F + Σ), over α and β.

    With W = (Ω^F + Σ)⁻¹, Zellner's seemingly unrelated regressions in Hadamard form,

        A = (W ⊗ 1_{d×d}) ∘ (XᵀX),    b_i = Σ_j W_ij X_iᵀ ỹ_j,    β = A⁻¹b,    α = ȳ − F̄β.

    A diagonal W gives `ridge_regression` asset by asset. Multiplying Ω^F + Σ by a number changes
    nothing.

    In a row where some assets are unknown the others are weighted by the inverse of *their* block
    of Ω^F + Σ: the likelihood of what was observed. The intercepts are then no longer plain means
    and are solved for along with β.

    The penalty on β_ij is `ridge` × Σ_t W_t,ii, so that it stands beside n_obs on the diagonal of
    A as in `ridge_regression`. Without one, the solution is the limit of a vanishing penalty: of
    all maximisers the one with the least Σ_i W_ii |β_i|².

    Where Ω^F + Σ is singular W is the pseudo-inverse in units of each asset's volatility, with
    eigenvalues below 1e-10 of the largest taken for 0: combinations of assets without noise get
    no weight, rather than all of it. An asset without any keeps its mean target as forecast.

    Args:
        scores: (n_obs, n_assets, n_features) z-scores.
        now: (n_assets, n_features) z-scores at the decision.
        targets: (n_obs, n_assets) decimal per period.
        known: (n_obs, n_assets) of 0 and 1; an asset needs at least one row.
        noise_covariance: (n_assets, n_assets) Ω^F + Σ of one period, decimal² per period. Targets
            may be means of overlapping periods, as in `ridge_regression`.
        ridge: Penalty ≥ 0.

    Returns:
        The regression. Leverages are the variances of the forecasts under the model, that is from
        the covariance (A + penalty)⁻¹ A (A + penalty)⁻¹ of β, over those on the diagonal of
        Ω^F + Σ.

    Raises:
        DataError: If there are more coefficients than `LARGEST`.

    References:
        Lin, Hu, Chiou and Lin (2025), arXiv 2505.02185, Appendix A; Zellner (1962), An Efficient
        Method of Estimating Seemingly Unrelated Regressions and Tests for Aggregation Bias.
    """
    _, n_assets, n_features = scores.shape
    check_joint_size(n_assets, n_features, method="generalised least squares")
    panel = centre(scores, targets, known)
    # In units of each asset's own noise.
    deviation = np.sqrt(np.diagonal(noise_covariance))
    certain = deviation == 0
    scale = np.where(certain, 1.0, deviation)
    sums = _normal_equations(
        panel.design, panel.outcome / scale, known, noise_covariance / np.outer(scale, scale)
    )
    # Profile the intercepts out: α = ȳ + precision⁻¹(level − cross β).
    floor = np.linalg.pinv(sums.precision, rcond=1e-12, hermitian=True)
    slide = floor @ sums.cross
    shift = floor @ sums.level
    gram = sums.gram - sums.cross.T @ slide
    moment = sums.moment - sums.cross.T @ shift
    # In units where the penalty is the identity.
    weight = np.diagonal(sums.precision)
    heard = weight > 1e-12
    unit = np.repeat(np.where(heard, 1 / np.sqrt(np.where(heard, weight, 1.0)), 0.0), n_features)
    values, vectors = np.linalg.eigh(gram * np.outer(unit, unit))
    values = np.maximum(values, 0.0)
    if ridge > 0:
        inverse = 1 / (values + ridge)
    else:
        keep = values > 1e-10 * values[-1]
        inverse = np.where(keep, 1 / np.where(keep, values, 1.0), 0.0)
    solution = unit * (vectors @ (inverse * (vectors.T @ (unit * moment))))
    sides = (np.eye(n_assets)[:, :, None] * now).reshape(n_assets, -1) - slide
    spread = ((sides * unit) @ vectors) ** 2 @ (values * inverse**2)
    freedom = (vectors**2 @ (values * inverse)).reshape(n_assets, n_features).sum(axis=1)
    return panel.regression(
        now,
        panel.average + scale * (shift - slide @ solution),
        scale[:, None] * solution.reshape(n_assets, n_features),
        leverage=np.where(certain, 1 / panel.count, np.diagonal(floor) + spread),
        effective_parameters=1 + freedom,
    )


def _normal_equations(
    scores: FloatArray, outcome: FloatArray, known: FloatArray, noise: FloatArray
) -> NormalEquations:
    """Add up the rows in Hadamard form, those with the same assets known at once."""
    n_obs, n_assets, n_features = scores.shape
    size = n_assets * n_features
    design = scores.reshape(n_obs, size)
    precision = np.zeros((n_assets, n_assets))
    cross = np.zeros((n_assets, size))
    gram = np.zeros((size, size))
    product = np.empty((size, size))
    weighted = np.zeros((n_obs, n_assets))
    patterns, pattern = np.unique(known > 0, axis=0, return_inverse=True)
    for k, seen in enumerate(patterns):
        assets = np.flatnonzero(seen)
        block = np.ix_(assets, assets)
        weights = np.zeros((n_assets, n_assets))
        if len(assets):
            weights[block] = np.linalg.pinv(noise[block], rcond=1e-10, hermitian=True)
        rows = np.flatnonzero(pattern == k)
        here = design[rows]
        precision += len(rows) * weights
        cross += np.repeat(weights, n_features, axis=1) * here.sum(axis=0)
        np.matmul(here.T, here, out=product)
        blocks = product.reshape(n_assets, n_features, n_assets, n_features)
        blocks *= weights[:, None, :, None]
        gram += product
        weighted[rows] = outcome[rows] @ weights
    moment = (scores * weighted[:, :, None]).sum(axis=0)
    return NormalEquations(precision, cross, gram, weighted.sum(axis=0), moment.ravel())
