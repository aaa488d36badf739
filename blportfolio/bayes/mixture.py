"""The one-dimensional mixture that replaces the integral over Ω ~ IW(Ψ, ν)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.special import gammaln

from blportfolio.bayes.linalg import cholesky
from blportfolio.errors import BLPortfolioError, DataError
from blportfolio.types import FloatArray

AUTOMATIC_CUT = 70.0  # log units below the peak at which the integrand is cut off
FIXED_CUT = 33.0  # for a given number of nodes, which a wider range would thin out
TOLERANCE = 1e-9  # a trapezoid's error is about squared when its step is halved
MOST_NODES = 2**20
LOWEST = -700.0  # of log u, where u itself is still a number


@dataclass(frozen=True, slots=True, eq=False)
class Mixture:
    """Moments of the scalar mixture over u, with T_u = B + Ψ/u and density w(u) over u.

    One basis makes all of it diagonal: B = V diag(a) Vᵀ and Ψ = V diag(p) Vᵀ, so that
    T_u⁻¹ = V⁻ᵀ diag(h) V⁻¹ with h = u / (ua + p). With s = p / (ua + p), ah + s = 1.

    Attributes:
        basis: (n_views, n_views) V.
        dual: (n_views, n_views) V⁻ᵀ.
        share: (n_views,) a.
        innovation: (n_views,) z = V⁻¹d.
        gain: (n_views,) E[h].
        gain_covariance: (n_views, n_views) Cov[h].
        slack: (n_views,) E[s].
        slack_products: (n_views, n_views) E[ssᵀ].
        log_evidence: log ∫ χ²_n(u) N(d; 0, T_u) du.
    """

    basis: FloatArray
    dual: FloatArray
    share: FloatArray
    innovation: FloatArray
    gain: FloatArray
    gain_covariance: FloatArray
    slack: FloatArray
    slack_products: FloatArray
    log_evidence: float

    def squared_error(self) -> FloatArray:
        """Return (n_views, n_views) E[εεᵀ] of the view error ε = q − Pθ."""
        middle = np.outer(self.innovation, self.innovation) * self.slack_products
        middle[np.diag_indices(len(middle))] += self.share * self.slack
        result: FloatArray = self.basis @ middle @ self.basis.T
        return (result + result.T) / 2

    def expected_error_covariance(self) -> FloatArray:
        """Return (n_views, n_views) E[T_u⁻¹]⁻¹ − B, one covariance of ε that acts like all."""
        result: FloatArray = (self.basis * (self.slack / self.gain)) @ self.basis.T
        return (result + result.T) / 2


def integrate_mixture(
    spread: FloatArray,
    scale: FloatArray,
    innovation: FloatArray,
    dof: float,
    *,
    n_nodes: int | None = None,
) -> Mixture:
    """Integrate over u ~ χ²_n, n = ν − k + 1, weighted by N(d; 0, B + Ψ/u).

    A scalar scale mixture has the same law as ε ~ N(0, Ω), Ω ~ IW(Ψ, ν): a multivariate t. The
    integral is a trapezoid sum in log u. Stationary points of the integrand are looked for over
    the whole interval that can hold one, so that a bimodal mixture is integrated whole.

    Args:
        spread: (n_views, n_views) B = PΣ0Pᵀ + R.
        scale: (n_views, n_views) Ψ; B + Ψ must be positive definite.
        innovation: (n_views,) d = P(x − θ0).
        dof: ν > k − 1.
        n_nodes: Nodes of the trapezoid; None halves its step until nothing changes any more.

    Raises:
        DataError: If B + Ψ is singular or a matrix is not positive semi-definite.
    """
    n_views = len(innovation)
    basis, dual, share, rest, log_determinant = _diagonalised(spread, scale)
    z = dual.T @ innovation
    integrand = _Integrand(share, rest, z, dof - n_views + 1)
    if n_nodes is None:
        moments = _automatic(integrand)
    else:
        low, high = integrand.range(FIXED_CUT + float(np.log1p(integrand.squares.max() / 100)))
        moments = _moments(integrand, np.linspace(low, high, n_nodes), (high - low) / (n_nodes - 1))
    log_evidence = moments.log_integral - 0.5 * (n_views * np.log(2 * np.pi) + log_determinant)
    return Mixture(basis, dual, share, z, *moments[:4], float(log_evidence))


def prior_gain(share: float, rest: float, dof: float) -> tuple[float, float]:
    """Return mean and variance of h = u / (ua + p) under u ~ χ²_ν, before any datum.

    h falls like u on the left, so that both integrals are well behaved even where χ²_ν, as ν → 0,
    has its mass at values of u too small for a number.
    """
    centre = np.log(dof)
    knee = np.log(rest / share) - centre if share > 0 else np.inf
    # Whichever comes first: h, or the density, is down by e⁻⁸⁰.
    low = max(min(0.0, knee) - 80, -25 / np.sqrt(dof) - 160 / dof)
    high = float(np.log1p((20 * np.sqrt(2 * dof) + 150) / dof))
    count = 2 + int((high - low) / min(0.25, 0.3 * np.sqrt(2 / (dof + 4))))
    shift, step = np.linspace(low, high, count, retstep=True)  # log u less its centre
    density = np.exp(0.5 * dof * (shift - np.expm1(shift)) + _log_peak(dof)) * step
    u = np.exp(shift) * dof
    h = u / (u * share + rest)
    mean = float(density @ h)
    return mean, float(density @ (h - mean) ** 2) + mean**2 * (1 - float(density.sum()))


class _Integrand:
    """ℓ, the log integrand at t = log u, up to the constants that `_moments` adds."""

    def __init__(
        self, share: FloatArray, rest: FloatArray, innovation: FloatArray, freedom: float
    ) -> None:
        self.share, self.rest = share, rest
        self.squares = innovation**2
        self.freedom = freedom

    def at(self, t: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return ℓ (n_nodes,), h and s (n_nodes, n_views)."""
        u = np.exp(t)[:, None]
        total = u * self.share + self.rest  # u times the eigenvalues of T_u
        h = u / total
        s = self.rest / total
        # (n/2)(t − log n − u/n + 1) is the log of u^{n/2} e^{−u/2} less its value at u = n,
        # without the cancellation of two large numbers.
        shift = t - np.log(self.freedom)
        chi = 0.5 * self.freedom * (shift - np.expm1(shift))
        squares = (np.log(total) + self.squares * h).sum(axis=1)
        return chi - 0.5 * (squares - t * len(self.share)), h, s

    def slope(self, t: FloatArray) -> FloatArray:
        """Return dℓ/dt (n_nodes,)."""
        _, h, s = self.at(t)
        drift: FloatArray = self.freedom - np.exp(t) + (s * (1 - self.squares * h)).sum(axis=1)
        return drift / 2

    def width(self) -> float:
        """Return a lower bound of the scale on which ℓ bends near a mode."""
        return float(np.sqrt(2 / (self.freedom + 2 * len(self.share))))

    def range(self, cut: float) -> tuple[float, float]:
        """Return the ends in t of where ℓ is above its maximum less `cut`."""
        modes = self._modes()
        heights = self.at(modes)[0]
        threshold = heights.max() - cut
        high = modes[heights > threshold]
        return (
            self._crossing(float(high[0]), threshold, -1.0),
            self._crossing(float(high[-1]), threshold, 1.0),
        )

    def _modes(self) -> FloatArray:
        """Return the local maxima of ℓ, in order.

        Beyond u = n + k the slope is negative; below n and every p/z² it is positive.
        """
        matters = (self.rest > 0) & (self.squares > 0)
        lowest = np.min(self.rest[matters] / self.squares[matters], initial=self.freedom)
        low = np.log(lowest) - 0.5
        high = np.log(self.freedom + len(self.share)) + 0.5
        grid = np.linspace(low, high, 2 + int((high - low) / 0.05))
        slopes = self.slope(grid)
        falls = np.flatnonzero((slopes[:-1] > 0) & (slopes[1:] <= 0))
        left, right = grid[falls], grid[falls + 1]
        # A tenth of the narrowest mode's width is near enough: only heights are compared.
        halvings = int(np.ceil(max(0.0, np.log2(0.5 / self.width()))))
        for _ in range(halvings):
            middle = (left + right) / 2
            rising = self.slope(middle) > 0
            left, right = np.where(rising, middle, left), np.where(rising, right, middle)
        return left

    def _crossing(self, mode: float, threshold: float, side: float) -> float:
        """Return a point beyond an outermost mode where ℓ has just fallen below `threshold`."""
        width = self.width()
        ends = LOWEST, float(np.log(self.freedom + len(self.share))) + 50
        distances = width * 1.6 ** np.arange(24 + int(np.log(1e3 / width) / np.log(1.6)))
        steps = np.concatenate([[mode], np.clip(mode + side * distances, *ends)])
        below = np.flatnonzero(self.at(steps)[0] < threshold)
        if not len(below):  # as flat as χ²_n with n near 0, when the views do not depend on u
            return float(steps[-1])
        fine = np.linspace(steps[below[0] - 1], steps[below[0]], 17)
        return float(fine[np.flatnonzero(self.at(fine)[0] < threshold)[0]])


class _Moments(NamedTuple):
    gain: FloatArray
    gain_covariance: FloatArray
    slack: FloatArray
    slack_products: FloatArray
    log_integral: float


def _moments(integrand: _Integrand, t: FloatArray, step: float) -> _Moments:
    """Return the trapezoid sums over the nodes t, `step` apart."""
    level, h, s = integrand.at(t)
    peak = float(level.max())
    weight = np.exp(level - peak)
    total = float(weight.sum())
    weight = (weight / total)[:, None]
    gain, slack = (weight * h).sum(axis=0), (weight * s).sum(axis=0)
    # h = (1 − s) / a: for views all but certain, s has digits that h has lost.
    certain = slack < 0.5
    deviation = np.where(certain, (slack - s) / np.where(certain, integrand.share, 1.0), h - gain)
    return _Moments(
        gain,
        (weight * deviation).T @ deviation,
        slack,
        (weight * s).T @ s,
        float(np.log(total * step)) + peak + _log_peak(integrand.freedom),
    )


def _automatic(integrand: _Integrand) -> _Moments:
    """Halve the step until nothing changes any more."""
    # In conflict h may be z² times as large in a tail as at the peak, and h² is integrated.
    low, high = integrand.range(AUTOMATIC_CUT + 2 * float(np.log1p(integrand.squares.max())))
    width = min(0.5, 0.6 * integrand.width())
    count = 1 + int(np.ceil((high - low) / width))
    previous = None
    while count < MOST_NODES:
        t = np.linspace(low, high, count)
        found = _moments(integrand, t, (high - low) / (count - 1))
        if previous is not None and _same(previous, found, integrand.squares):
            return found
        previous, count = found, 2 * count - 1
    raise BLPortfolioError("The mixture over u did not converge; please report this.")


def _same(before: _Moments, after: _Moments, squares: FloatArray) -> bool:
    """Tell whether two sums agree in all that the posterior is made of."""
    change = squares * np.abs(np.diagonal(before.gain_covariance - after.gain_covariance))
    return bool(
        (np.abs(before.gain - after.gain) <= TOLERANCE * after.gain).all()
        and (np.abs(before.slack - after.slack) <= TOLERANCE * after.slack).all()
        and (change <= TOLERANCE * (after.gain + squares * after.gain**2)).all()
        and abs(before.log_integral - after.log_integral) <= TOLERANCE
    )


def _log_peak(freedom: float) -> float:
    """Return log of χ²_n's density in log u at u = n: (n/2)log(n/2) − n/2 − log Γ(n/2)."""
    x = freedom / 2
    if x < 50:
        return float(x * np.log(x) - x - gammaln(x))
    # Stirling's series: the three terms would cancel.
    correction = 1 / (12 * x) - 1 / (360 * x**3) + 1 / (1260 * x**5)
    return float(0.5 * np.log(x / (2 * np.pi)) - correction)


def _diagonalised(
    spread: FloatArray, scale: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, float]:
    """Return V, V⁻ᵀ, a and p with B = V diag(a) Vᵀ and Ψ = V diag(p) Vᵀ, and log|VVᵀ|.

    The metric is B + cΨ with the traces balanced, so that either may be singular.
    """
    traces = float(np.trace(spread)), float(np.trace(scale))
    balance = traces[0] / traces[1] if min(traces) > 0 else 1.0
    metric = spread + balance * scale
    lower = cholesky(metric)
    limit = 8 * len(metric) * np.finfo(float).eps * np.diagonal(metric)
    if lower is None or (np.diagonal(lower) ** 2 <= limit).any():
        raise DataError(
            "`scale` plus PΣ0Pᵀ + R must be positive definite; it is singular or indefinite. Give "
            "a positive definite `scale`, or drop views that repeat each other."
        )
    half = np.linalg.solve(lower, scale)
    inner = balance * np.linalg.solve(lower, half.T)
    values, vectors = np.linalg.eigh((inner + inner.T) / 2)
    if values[0] < -1e-9 or values[-1] > 1 + 1e-9:
        raise DataError(
            "`scale`, `prior_covariance` and the view noise must be positive semi-definite; one "
            "of them has a negative eigenvalue."
        )
    values = np.clip(values, 0.0, 1.0)
    dual = np.linalg.solve(lower.T, vectors)
    log_determinant = 2 * float(np.log(np.diagonal(lower)).sum())
    return lower @ vectors, dual, 1 - values, values / balance, log_determinant
