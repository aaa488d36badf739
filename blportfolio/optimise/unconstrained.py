"""Optimal weights without constraints, in the conventions of the classic papers."""

from __future__ import annotations

from numpy.typing import ArrayLike
from scipy.linalg import cho_solve

from blportfolio.bayes.linalg import lower_factor
from blportfolio.errors import DataError, InfeasibleError
from blportfolio.types import FloatArray
from blportfolio.validation import (
    aligned,
    check_choice,
    check_covariance,
    check_positive,
    check_vector,
    labels_of,
    read_only,
)

CONVENTIONS = ("he_litterman", "idzorek")


def unconstrained_weights(
    mean: ArrayLike,
    covariance: ArrayLike,
    mean_covariance: ArrayLike,
    *,
    risk_aversion: float,
    convention: str = "he_litterman",
    normalise: bool = False,
) -> FloatArray:
    """Weights that maximise wᵀμ̄ − ½δ wᵀCw without constraints, w = (δC)⁻¹μ̄.

    The papers differ in C. `he_litterman` takes the predictive covariance Σ̄ = Σ + M, as the
    unknown mean is a risk too; before any view, θ0 = δΣw and M = τΣ then give w / (1 + τ), the
    rest in cash. `idzorek` takes the prior covariance Σ, and so returns w itself.

    Args:
        mean: (n_assets,) μ̄, decimal per period; like the next two as in `ReturnDistribution`.
            Where it has labels, those that have too are put into its order.
        covariance: (n_assets, n_assets) predictive Σ̄ = Σ + M, decimal² per period.
        mean_covariance: (n_assets, n_assets) M = Cov[θ]; `idzorek` subtracts it again.
        risk_aversion: δ > 0.
        convention: `he_litterman` or `idzorek`.
        normalise: Whether to divide by the sum, so that nothing is in cash.

    Returns:
        (n_assets,) weights, which may be negative and, unless normalised, sum to anything.

    Raises:
        DataError: If shapes or labels disagree, or C is not positive definite.
        ConfigError: If δ ≤ 0 or the convention is unknown.
        InfeasibleError: If weights to normalise do not sum to more than 0.

    References:
        He and Litterman (1999), tables 4 to 8; Idzorek (2004), tables 6 and 7.
    """
    check_positive(risk_aversion, name="risk_aversion")
    check_choice(convention, CONVENTIONS, name="convention")
    labels = labels_of(mean, name="mean") or labels_of(covariance, name="covariance")
    expected = check_vector(mean, name="mean")
    risk = check_covariance(
        aligned(covariance, labels, name="covariance", axes=(0, 1)), len(expected)
    )
    given = aligned(mean_covariance, labels, name="mean_covariance", axes=(0, 1))
    uncertainty = check_covariance(given, len(expected), name="mean_covariance")
    if convention == "idzorek":
        risk = risk - uncertainty
    try:
        lower = lower_factor(risk, name="covariance")
    except DataError as error:
        raise DataError(
            "`covariance` must be positive definite to be solved with; it is singular, as when "
            "there are fewer returns than assets, or holds no `mean_covariance` to subtract. "
            "Lengthen the lookback or shrink the covariance (ledoit_wolf)."
        ) from error
    weights = cho_solve((lower, True), expected) / risk_aversion
    if normalise:
        total = float(weights.sum())
        if not total > 1e-12 * float(abs(weights).sum()):
            raise InfeasibleError(
                f"The weights sum to {total:.3g}, so that dividing by it would turn them round. "
                "Leave out `normalise`, or use a long-only objective such as MaxSharpe."
            )
        weights = weights / total
    return read_only(weights)
