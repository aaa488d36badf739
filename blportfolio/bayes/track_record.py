"""Ω learned from past view errors: an inverse-Wishart law updated decision by decision."""

from __future__ import annotations

import numpy as np

from blportfolio.bayes.linalg import factorise
from blportfolio.bayes.mixture import integrate_mixture
from blportfolio.types import FloatArray, IntArray


def expected_squared_error(
    error: FloatArray, noise: FloatArray, scale: FloatArray, dof: float
) -> FloatArray:
    """Return (n_views, n_views) E[εεᵀ | e] when the error e = ε + noise was seen, not ε itself.

    ε ~ N(0, Ω), Ω ~ IW(Ψ, ν), e | ε ~ N(ε, N). Exact, by the same one-dimensional mixture as the
    posterior. If ε were seen, the inverse-Wishart law would become IW(Ψ + εεᵀ, ν + 1); so
    E[Ω | e] = (Ψ + E[εεᵀ | e]) / (ν − k).

    Args:
        error: (n_views,) realised mean return of each view portfolio less what the view said.
        noise: (n_views, n_views) N = PΣPᵀ/h + R: chance in h returns, and the regression's error.
        scale: (n_views, n_views) Ψ before this error.
        dof: ν before this error.
    """
    return integrate_mixture(noise, scale, error, dof).squared_error()


def information_share(noise: FloatArray, omega: FloatArray) -> float:
    """Return the share of a view error's information on Ω that is left when noise is added to it.

    e ~ N(0, Ω + N) tells of the scale of Ω in one direction with Fisher information ½(ω/(ω + n))²
    where ε itself would tell with ½; the mean over directions, tr[(Ω(Ω + N)⁻¹)²] / k.

    Args:
        noise: (n_views, n_views) N.
        omega: (n_views, n_views) Ω.
    """
    gain = factorise(omega + noise).solve(omega)
    return float(np.sum(gain * gain.T)) / len(omega)


def completed_squared_error(
    squared: FloatArray, seen: IntArray, scale: FloatArray, strength: float
) -> FloatArray:
    """Return (n, n) E[εεᵀ] over all views when only those at `seen` had an error to show.

    What was not seen is imputed from what was: regression on the seen errors, plus the variance
    of the multivariate t that leaves.

    Args:
        squared: (n_seen, n_seen) E[εεᵀ] of the seen views.
        seen: (n_seen,) positions.
        scale: (n, n) Ψ of all views.
        strength: ν − n − 1, the same for every subset of views.
    """
    size = len(scale)
    rest = np.setdiff1d(np.arange(size), seen)
    result = np.empty((size, size))
    result[np.ix_(seen, seen)] = squared
    if len(rest):
        across = scale[np.ix_(seen, rest)]
        known = factorise(scale[np.ix_(seen, seen)])
        slope = known.solve(across).T
        imputed = slope @ squared
        size_of_seen = 1 + float(np.trace(known.solve(squared)))
        left = scale[np.ix_(rest, rest)] - slope @ across
        left *= size_of_seen / (strength + len(seen))
        result[np.ix_(rest, seen)] = imputed
        result[np.ix_(seen, rest)] = imputed.T
        result[np.ix_(rest, rest)] = imputed @ slope.T + left
    return (result + result.T) / 2
