"""Regressions of returns on features whose slopes borrow strength from those of other assets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from blportfolio.bayes.correlation import error_correlation
from blportfolio.bayes.linalg import factorise
from blportfolio.bayes.regression import CentredPanel, FeatureRegression, centre
from blportfolio.types import FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class SlopeEvidence:
    """What the rows say about the slopes: u_i = G_i b_i + ε_i with Cov[ε] = U known.

    In units of each asset's one-period volatility. Unlike least-squares slopes G_i⁻¹u_i, these
    sums exist where features are constant or collinear.

    Attributes:
        gram: (n_assets, n_features, n_features) G_i = Z_iᵀZ_i.
        moment: (n_assets, n_features) u_i = Z_iᵀỹ_i.
        noise: (n_assets × n_features, n_assets × n_features) U.
    """

    gram: FloatArray
    moment: FloatArray
    noise: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class SlopeVariances:
    """Diagonals of T and S in b_i ~ N(b̄, T), b̄ ~ N(0, S); each (n_features,)."""

    between: FloatArray
    common: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class SlopePosterior:
    """Gaussian posterior of every asset's slopes.

    Attributes:
        mean: (n_assets, n_features).
        covariance: (n_assets, n_features, n_features) of each asset's slopes.
        effective_parameters: (n_assets,) trace of each asset's own block of the hat matrix:
            n_features for least squares, 0 where slopes are known beforehand.
    """

    mean: FloatArray
    covariance: FloatArray
    effective_parameters: FloatArray


def pooled_regression(
    scores: FloatArray,
    now: FloatArray,
    targets: FloatArray,
    known: FloatArray,
    *,
    returns: FloatArray,
    horizon: int,
    variances: SlopeVariances | None = None,
) -> FeatureRegression:
    """Regress `targets` on features with slopes drawn around one common slope, b_i ~ N(b̄, T).

    Returns are divided by each asset's one-period volatility, so that slopes can be compared.
    b̄ ~ N(0, S). T and S come from the data (`estimate_variances`): T → 0 is one slope for all,
    T → ∞ least squares asset by asset, T = S = 0 a forecast of the mean alone. The intercept is
    the mean target of the asset and is not shrunk.

    What the rows say is weighed by its sampling covariance, given that errors of one period are
    uncorrelated over time and correlated between assets as returns are. Both the overlap of
    targets and a common market factor are thus accounted for. The variance of least squares that
    follows is never above that of `ridge_regression`, which takes features to stand still over
    the horizon, and equals it at a horizon of one period.

    T and S are taken as known once estimated: leverages leave out the uncertainty about them.
    Volatilities and correlations are those of returns, not of residuals, as features explain
    little. Features that respond to past errors, such as a valuation ratio, give slopes that are
    biased in short windows (Stambaugh), which nothing here corrects.

    Args:
        scores: (n_obs, n_assets, n_features) z-scores.
        now: (n_assets, n_features) z-scores at the decision.
        targets: (n_obs, n_assets) mean returns of the `horizon` periods after each row.
        known: (n_obs, n_assets) of 0 and 1; an asset needs at least one row.
        returns: (n_periods, n_assets) one-period returns of the window, any number of them.
        horizon: Periods that a target averages.
        variances: T and S, to fix them.

    Raises:
        DataError: If there are more coefficients than `LARGEST`.

    Returns:
        The regression; slopes are posterior means in return units, leverages hold the posterior
        variance of the slopes, that of b̄ included.

    References:
        Lindley and Smith (1972), Bayes Estimates for the Linear Model; DerSimonian and Laird
        (1986), Meta-Analysis in Clinical Trials, for variances by moments.
    """
    moves = returns.std(axis=0, ddof=1)
    varies = moves > 1e-12 * np.abs(returns).max(axis=0)  # an asset that does not has no slope
    panel = centre(np.where(varies[:, None], scores, 0.0), targets, known)
    scale = np.where(varies, moves, 1.0)
    evidence = gather_evidence(panel, scale, error_correlation(returns), horizon)
    if variances is None:
        variances = estimate_variances(evidence)
    posterior = posterior_slopes(evidence, variances)
    spread = np.einsum("nd,nde,ne->n", now, posterior.covariance, now)
    return panel.regression(
        now,
        panel.average,
        posterior.mean * np.where(varies, moves, 0.0)[:, None],
        leverage=1 / panel.count + np.maximum(spread, 0.0),
        effective_parameters=1 + posterior.effective_parameters,
    )


def gather_evidence(
    panel: CentredPanel, scale: FloatArray, correlation: FloatArray, horizon: int
) -> SlopeEvidence:
    """Return u, G and U_ij = C_ij Z_iᵀΓZ_j.

    Γ_ts = max(0, h − |t − s|)/h² is the covariance of two overlapping means of h independent
    errors of unit variance; its factor sums each error over the h targets that contain it.

    Args:
        panel: Centred features and targets.
        scale: (n_assets,) one-period volatilities.
        correlation: (n_assets, n_assets) C.
        horizon: h.
    """
    n_obs, n_assets, n_features = panel.design.shape
    design = panel.design.transpose(1, 0, 2)
    outcome = (panel.outcome / scale).T[:, :, None]
    total = np.zeros((n_obs + 2 * horizon, n_assets * n_features))
    total[horizon : horizon + n_obs] = panel.design.reshape(n_obs, -1)
    np.cumsum(total, axis=0, out=total)
    exposure = (total[horizon:-1] - total[: -horizon - 1]) / horizon
    noise = (exposure.T @ exposure).reshape(n_assets, n_features, n_assets, n_features)
    noise *= correlation[:, None, :, None]
    return SlopeEvidence(
        gram=design.transpose(0, 2, 1) @ design,
        moment=(design.transpose(0, 2, 1) @ outcome)[:, :, 0],
        noise=noise.reshape(n_assets * n_features, -1),
    )


def estimate_variances(evidence: SlopeEvidence) -> SlopeVariances:
    """T and S by moments of the slopes on one feature at a time, positive parts.

    With g_i = u_i/G_i the slope of asset i on feature k alone, w_i its share of Σ G_i, N the
    sampling covariance of g and ḡ = Σ w_i g_i,

        E Σ w_i (g_i − ḡ)² = Σ w_i N_ii − wᵀNw + t (1 − Σ w_i²),
        E ḡ²              = wᵀNw + t Σ w_i² + s.

    A feature's slope alone also holds what its relatives explain, Σ_l R_kl² t_l for correlations R
    between features. Each moment is divided by Σ_l R_kl²: that keeps the total, splits it among
    collinear features, and is exact for uncorrelated ones, whereas to solve for every t would be
    to divide noise by next to nothing. N enters linearly, so that errors in its estimate do not
    pass for signal. One asset cannot tell T from S; all goes to S.
    """
    n_assets, n_features = evidence.moment.shape
    own = np.einsum("ndd->nd", evidence.gram)
    total = own.sum(axis=0)
    varies = own > 0
    heard = total > 0
    safe = np.where(varies, own, 1.0)
    pool = np.where(heard, total, 1.0)
    noise = evidence.noise.reshape(n_assets, n_features, n_assets, n_features)
    share = own / pool
    mean = evidence.moment.sum(axis=0) / pool
    mean_noise = np.einsum("ikjk->k", noise) / pool**2
    spread = (np.where(varies, evidence.moment**2 / safe, 0.0)).sum(axis=0) / pool - mean**2
    spread_noise = (np.where(varies, np.einsum("ikik->ik", noise) / safe, 0.0)).sum(axis=0) / pool
    lone = (share**2).sum(axis=0)
    several = heard & (lone < 1 - 1e-9)
    excess = np.where(several, spread - spread_noise + mean_noise, 0.0)
    excess /= np.where(several, 1 - lone, 1.0)
    related = evidence.gram / safe[:, :, None]  # the slope of feature l on feature k
    overlap = np.einsum("ik,ikl->k", share, related**2)
    shared = (np.einsum("ik,ikl->kl", share, related) ** 2).sum(axis=1)
    between = _positive_part(excess / np.where(heard, overlap, 1.0))
    rest = np.where(heard, mean**2 - mean_noise - np.maximum(excess, 0.0) * lone, 0.0)
    return SlopeVariances(between, _positive_part(rest / np.where(heard, shared, 1.0)))


def _positive_part(moments: FloatArray) -> FloatArray:
    """Return variances ≥ 0 that add up to what `moments` do, or to 0, shared among positive ones.

    The sum of positive parts would make a signal out of noise in many features: one that is zero
    on average adds about half its standard error.
    """
    positive = np.maximum(moments, 0.0)
    total = positive.sum()
    share = max(float(moments.sum()), 0.0) / total if total > 0 else 0.0
    scaled: FloatArray = positive * share
    return scaled


def posterior_slopes(evidence: SlopeEvidence, variances: SlopeVariances) -> SlopePosterior:
    """Posterior of b ~ N(0, Q) given u = Gb + ε, ε ~ N(0, U), with Q = I ⊗ T + 11ᵀ ⊗ S.

    Gain form, mean QGM⁻¹u and covariance Q − QGM⁻¹GQ with M = GQG + U; nothing needs an inverse
    of T, S, G or U, any of which may be singular. With Y = L⁻¹G for M = LLᵀ all that is asked of
    an asset follows from its own columns of YQ, which Q's structure makes without a product of
    large matrices.
    """
    n_assets, n_features = evidence.moment.shape
    size = n_assets * n_features
    gram = evidence.gram
    own = np.arange(n_assets)
    common = gram.reshape(size, n_features)  # G(1 ⊗ I)
    total = evidence.noise + (common * variances.common) @ common.T
    blocks = total.reshape(n_assets, n_features, n_assets, n_features)
    blocks[own, :, own] += (gram * variances.between) @ gram
    factor = factorise((total + total.T) / 2)
    right = np.zeros_like(blocks)
    right[own, :, own] = gram
    white = factor.whiten(np.column_stack([right.reshape(size, size), evidence.moment.ravel()]))
    design = white[:, :-1].reshape(-1, n_assets, n_features).transpose(1, 0, 2)
    loading = design * variances.between + design.sum(axis=0) * variances.common
    crossed = loading.transpose(0, 2, 1)
    return SlopePosterior(
        mean=crossed @ white[:, -1],
        covariance=np.diag(variances.between + variances.common) - crossed @ loading,
        effective_parameters=np.einsum("irk,irk->i", loading, design),
    )
