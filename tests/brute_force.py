"""Oracles for the Bayesian kernels: grids, dense quadrature and matrix draws, from the model only.

None of them uses the package. A grid or a set of draws integrates the joint density as the model
is written; `mixture_reference` integrates the scalar mixture over u with far more nodes than any
kernel, by direct solves in extended precision and without the kernels' diagonalisation.
"""

from typing import NamedTuple

import numpy as np
from helpers import random_covariance
from scipy.stats import multivariate_normal, multivariate_t

EXTENDED = np.longdouble


class Reference(NamedTuple):
    """The fields of a `FeatureInfluencedPosterior`, and the number of modes in log u."""

    mean: np.ndarray
    covariance: np.ndarray
    view_mean: np.ndarray
    view_covariance: np.ndarray
    omega_mean: np.ndarray
    effective_view_covariance: np.ndarray
    log_evidence: float
    modes: int


def axis(centre, reach, count):
    return np.linspace(centre - reach, centre + reach, count)


def moments(weights, points):
    """Mean and covariance of weighted points, (..., n) and (..., n, n_dims)."""
    weights, points = weights.ravel(), points.reshape(weights.size, -1)
    weights = weights / weights.sum()
    mean = weights @ points
    centred = points - mean
    return mean, centred.T @ (weights[:, None] * centred)


def log_normal(points, mean, covariance):
    """Log of N(points; mean, covariance); the trailing axis is the vector."""
    return multivariate_normal(mean, covariance).logpdf(points).reshape(points.shape[:-1])


def log_student(points, scale, dof):
    """Log of t_n(points; 0, Ψ/n) with n = ν − k + 1, what IW(Ψ, ν) makes of N(·; 0, Ω)."""
    n = dof - len(scale) + 1
    return multivariate_t(np.zeros(len(scale)), scale / n, df=n).logpdf(points)


def theta_grid(prior_mean, prior_covariance, *, reach=10.0, count=801):
    """Points over ±reach prior standard deviations in each dimension, and the cell volume."""
    deviations = np.sqrt(np.diagonal(prior_covariance))
    axes = [axis(m, reach * s, count) for m, s in zip(prior_mean, deviations, strict=True)]
    cell = np.prod([(a[-1] - a[0]) / (count - 1) for a in axes])
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1), cell


def student_grid(prior_mean, prior_covariance, pick, view_mean, scale, dof, *, reach, count):
    """θ by a grid of N(θ; θ0, Σ0) t_n(Px − Pθ; 0, Ψ/n): the model with R = 0, one or two assets.

    Returns mean, covariance, E[εεᵀ] and log evidence.
    """
    theta, cell = theta_grid(prior_mean, prior_covariance, reach=reach, count=count)
    error = view_mean - theta @ pick.T
    log_density = log_normal(theta, prior_mean, prior_covariance)
    log_density = log_density + log_student(error, scale, dof).reshape(log_density.shape)
    top = log_density.max()
    weights = np.exp(log_density - top)
    mean, covariance = moments(weights, theta)
    first, second = moments(weights, error)
    second = second + np.outer(first, first)
    return mean, covariance, second, float(top + np.log(weights.sum() * cell))


def iterated_window(log_density, low, high, *, drop=60.0):
    """The interval on which ℓ > max − drop, found by scanning ever closer."""
    for count in (2401, 301, 301, 301):
        t = np.linspace(low, high, count)
        values = log_density(t)
        inside = np.flatnonzero(values > values.max() - drop)
        low, high = t[max(inside[0] - 1, 0)], t[min(inside[-1] + 1, count - 1)]
    return low, high


def count_modes(values, drop=45.0):
    """Local maxima of ℓ above max − drop."""
    inner = values[1:-1]
    peaks = (inner > values[:-2]) & (inner >= values[2:]) & (inner > values.max() - drop)
    return int(peaks.sum())


def log_gamma(x):
    """Return log Γ(x) in extended precision: Stirling's series after a shift."""
    x, shift = EXTENDED(x), EXTENDED(0)
    while x < 40:
        shift, x = shift + np.log(x), x + 1
    numbers = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156)
    series = sum(EXTENDED(c) / x ** (2 * i + 1) for i, c in enumerate(numbers))
    return (x - 0.5) * np.log(x) - x + np.log(2 * EXTENDED(np.pi)) / 2 + series - shift


def batched_cholesky(matrices):
    """Lower factors of (N, k, k) matrices in the precision of the input."""
    lower = np.zeros_like(matrices)
    for j in range(matrices.shape[1]):
        rest = matrices[:, j:, j] - np.einsum("nij,nj->ni", lower[:, j:, :j], lower[:, j, :j])
        lower[:, j:, j] = rest / np.sqrt(rest[:, :1])
    return lower


def batched_solve(lower, right):
    """Forward substitution, L⁻¹ right for (N, k, k) and (k, c)."""
    n_matrices, size, _ = lower.shape
    out = np.zeros((n_matrices, size, right.shape[1]), dtype=lower.dtype)
    for i in range(size):
        known = np.einsum("nj,njc->nc", lower[:, i, :i], out[:, :i])
        out[:, i] = (right[i] - known) / lower[:, i, i, None]
    return out


def mixture_reference(
    prior_mean, prior_covariance, pick, view_mean, view_noise, scale, dof, *, least_nodes=1001
):
    """Integrate over u with T_u = PΣ0Pᵀ + R + Ψ/u solved directly at every node."""
    theta0, sigma0, p, px, r, psi = (
        np.asarray(a, dtype=EXTENDED)
        for a in (prior_mean, prior_covariance, pick, view_mean, view_noise, scale)
    )
    n_views = len(px)
    n = dof - n_views + 1
    d, cross = px - p @ theta0, p @ sigma0
    base = cross @ p.T + r
    right = np.column_stack([d, cross, r, psi, np.eye(n_views)])
    normaliser = -n_views / 2 * np.log(2 * EXTENDED(np.pi))  # and that of χ²_n
    normaliser = normaliser - EXTENDED(n) / 2 * np.log(EXTENDED(2)) - log_gamma(n / 2)

    def factors(t):
        return batched_cholesky(base + psi * np.exp(-t.astype(EXTENDED))[:, None, None])

    def log_density(t, lower=None, white=None):
        lower = factors(t) if lower is None else lower
        white = batched_solve(lower, right[:, :1]) if white is None else white
        t = t.astype(EXTENDED)
        half_log_det = np.log(np.einsum("nii->ni", lower)).sum(axis=1)
        exponent = n / 2 * t - np.exp(t) / 2 - half_log_det - (white[..., 0] ** 2).sum(1) / 2
        return np.where(np.isfinite(exponent), normaliser + exponent, -np.inf)

    with np.errstate(
        invalid="ignore", divide="ignore"
    ):  # far out T_u may be singular even in this precision
        low, high = iterated_window(log_density, -200.0, 30.0)
    # No mode is sharper than √(2/(n + 2k)) in log u; the error is exp(−2π²·16) at a quarter.
    sharpest = np.sqrt(2 / (n + 2 * n_views))
    nodes = max(least_nodes, int(4 * (high - low) / sharpest))
    t, step = np.linspace(low, high, nodes, retstep=True)
    lower = factors(t)
    white = batched_solve(lower, right)
    values = log_density(t, lower, white[..., :1])
    weights = np.exp(values - values.max())
    log_evidence = float(values.max() + np.log(weights.sum() * step))
    weights = weights / weights.sum()
    size = len(theta0)
    e, s, noise, omega, unit = np.split(
        white, [1, 1 + size, 1 + size + n_views, 1 + size + 2 * n_views], axis=2
    )
    inverse_u = np.exp(-t.astype(EXTENDED))[:, None]

    def mixture(start, step, given, factor=1.0):
        """Mean and covariance over u of N(start + factor·stepᵀe, given − factor²·stepᵀstep)."""
        means = start + factor * np.einsum("nkm,nk->nm", step, e[..., 0])
        mean = weights @ means
        centred = means - mean
        inner = -np.einsum("n,nkm,nkl->ml", weights * np.ravel(factor) ** 2, step, step)
        return mean, given + inner + centred.T @ (weights[:, None] * centred)

    mean, covariance = mixture(theta0, s, sigma0)
    view, view_covariance = mixture(px, noise, r, -1.0)
    error_mean, error_covariance = mixture(0.0, omega, psi * (weights @ inverse_u), inverse_u)
    second = error_covariance + np.outer(error_mean, error_mean)
    omega_mean = (psi + second) / (dof - n_views) if dof > n_views else np.nan * psi
    # The Gaussian view covariance V with the same gain: (PΣ0Pᵀ + V)⁻¹ = E[T_u⁻¹], so that
    # V − R = E[T_u⁻¹]⁻¹ E[T_u⁻¹Ψ/u], which subtracts nothing.
    root = batched_cholesky(np.einsum("n,nkm,nkl->ml", weights, unit, unit)[None])
    half = batched_solve(root, np.eye(n_views, dtype=EXTENDED))[0]
    shrunk = np.einsum("n,nkm,nkl->ml", weights * inverse_u[:, 0], unit, omega)
    effective = r + half.T @ half @ shrunk
    arrays = (mean, covariance, view, view_covariance, omega_mean, effective)
    return Reference(*(a.astype(float) for a in arrays), log_evidence, count_modes(values))


def precision_form_given_omega(prior_mean, prior_covariance, pick, feature_mean, noise, omega):
    """Theorem 3.3 as printed, for (N, k, k) Ω: μ_{θ|Ω} (N, m) and Σ_{θ|Ω} (N, m, m)."""
    inverse = np.linalg.inv(omega)
    prior_precision = np.linalg.inv(prior_covariance)
    information = pick.T @ inverse @ pick
    covariance = np.linalg.inv(prior_precision + information)
    right = prior_precision @ prior_mean + information @ feature_mean
    mean = np.einsum("nij,nj->ni", covariance, right)
    spread = covariance @ information @ noise @ information @ covariance
    return mean, covariance + spread


def inverse_wishart_draws(rng, scale, dof, count):
    """Ω by its definition: the inverse of Σ_j z_j z_jᵀ, j ≤ ν (an integer), z ~ N(0, Ψ⁻¹)."""
    normals = rng.multivariate_normal(
        np.zeros(len(scale)), np.linalg.inv(scale), size=(count, dof), method="cholesky"
    )
    return np.linalg.inv(np.einsum("nji,njk->nik", normals, normals))


def weighted_z(values, weights, claim):
    """Self-normalised estimates, and z-scores of a claim, over draws of any shape."""
    values = values.reshape(len(values), -1)
    weights = weights / weights.sum()
    estimate = weights @ values
    error = np.sqrt(weights**2 @ (values - estimate) ** 2)
    return estimate, (estimate - np.ravel(claim)) / error


def view_problem(rng, n_assets, n_views, *, n, conflict, ratio=1.0, noise=1.0, unit=1e-2):
    """Random θ0, Σ0, P, Px, R, Ψ and ν = n + k − 1.

    Px lies `conflict` prior standard deviations (Mahalanobis) from Pθ0; `ratio` is the size of Ψ,
    and `noise` that of R, beside Σ0. Without noise Px stays in the range of P.
    """
    theta0 = rng.normal(scale=unit / 10, size=n_assets)
    sigma0 = random_covariance(rng, n_assets, scale=unit**2)
    pick = rng.normal(size=(n_views, n_assets))
    direction = rng.normal(size=n_assets)
    step = np.linalg.cholesky(sigma0) @ (direction / np.linalg.norm(direction))
    datum = pick @ (theta0 + conflict * step)
    r = noise * random_covariance(rng, n_views, scale=unit**2)
    psi = ratio * random_covariance(rng, n_views, scale=unit**2)
    return theta0, sigma0, pick, datum, r, psi, n + n_views - 1


def relative_errors(found, reference, problem):
    """Largest error of each field over the scale on which it lives."""
    theta0, sigma0, pick, datum, r, *_ = problem
    spread = np.abs(pick @ sigma0 @ pick.T + r).max()

    def error(field, *scales):
        expected = getattr(reference, field)
        worst = np.abs(getattr(found, field) - expected).max()
        return float(worst / max(np.abs(expected).max(), *scales))

    largest = np.abs(sigma0).max()
    shift = np.abs(reference.mean - theta0).max()
    moved = np.abs(found.mean - reference.mean).max()
    views = np.abs(datum - pick @ theta0).max()
    seen = np.abs(found.view_mean - reference.view_mean).max()
    return {
        "mean": float(moved / max(np.sqrt(largest), shift)),
        "covariance": error("covariance", largest),
        "view_mean": float(seen / max(np.sqrt(spread), views)),
        "view_covariance": error("view_covariance", spread),
        "omega_mean": error("omega_mean", 0.0),
        "effective_view_covariance": error("effective_view_covariance", 0.0),
        "log_evidence": abs(found.log_evidence - reference.log_evidence)
        / max(1.0, abs(reference.log_evidence)),
    }
