"""The average of several posteriors of one decision, its views included."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from blportfolio.bayes.evidence import average_moments
from blportfolio.bayes.linalg import factorise
from blportfolio.types import ArrayViews, FloatArray, Moments


def average_members(members: Sequence[Moments], weights: FloatArray, sigma: FloatArray) -> Moments:
    """Return the mixture of posteriors that differ in hyper-parameters only.

    Args:
        members: Posteriors with the same Σ, assets, P and data, and prior covariances τΣ.
        weights: (n_members,) summing to 1.
        sigma: (n_assets, n_assets) Σ.
    """
    if len(members) == 1:
        return members[0]
    mean, spread = average_moments(
        weights,
        np.array([member.mean for member in members]),
        np.array([member.mean_covariance for member in members]),
    )
    evidence = [member.log_evidence for member in members]
    total = None
    if all(value is not None for value in evidence):
        logs = np.log(np.maximum(weights, 1e-300)) + np.array(evidence, dtype=float)
        total = float(np.logaddexp.reduce(logs))
    views = [member.views for member in members if member.views is not None]
    averaged = _average_views(views, weights) if len(views) == len(members) else None
    return Moments(
        mean, sigma + spread, spread, averaged, total, members[0].remarks, members[0].doubts
    )


def _average_views(views: Sequence[ArrayViews], weights: FloatArray) -> ArrayViews:
    """Return views whose effective covariance reproduces the averaged mean exactly.

    In every member the mean moves by Σ0Pᵀy, y = (A + V)⁻¹d with A = PΣ0Pᵀ. The average moves by
    Σ̄0Pᵀȳ with Σ̄0 the mean prior covariance and ȳ the mean of y, weighted by τ too. V̄ comes from
    the mean of (A + V)⁻¹, and where the members' prior means differ is corrected by the smallest
    change, of rank two, with which (Ā + V̄)ȳ = d. Where members pull in opposite directions that
    V̄ can be indefinite: no single set of views does what the average does.
    """
    first = views[0]
    pick = first.pick
    scales = np.array([np.trace(view.prior_covariance) for view in views])
    shares = weights * scales / (weights @ scales)
    precision = np.zeros((len(pick), len(pick)))
    force = np.zeros(len(pick))
    for view, share in zip(views, shares, strict=True):
        total = pick @ view.prior_covariance @ pick.T + view.effective
        factor = factorise((total + total.T) / 2)
        precision += share * factor.solve(np.eye(len(pick)))
        force += share * factor.solve(view.datum - pick @ view.prior_mean)
    prior_mean = weights @ np.array([view.prior_mean for view in views])
    prior_covariance = np.einsum("g,gij->ij", weights, [view.prior_covariance for view in views])
    total = factorise((precision + precision.T) / 2).solve(np.eye(len(pick)))
    total = _with_image(total, force, first.datum - pick @ prior_mean)
    spread = pick @ prior_covariance @ pick.T
    mean, covariance = average_moments(
        weights,
        np.array([view.mean for view in views]),
        np.array([view.covariance for view in views]),
    )
    return ArrayViews(
        pick,
        mean,
        np.einsum("g,gij->ij", weights, [view.omega for view in views]),
        prior_mean,
        prior_covariance,
        first.labels,
        covariance=covariance,
        effective=total - (spread + spread.T) / 2,
        datum=first.datum,
        expected=np.einsum("g,gij->ij", weights, [view.expected for view in views]),
    )


def _with_image(matrix: FloatArray, vector: FloatArray, image: FloatArray) -> FloatArray:
    """Return the symmetric matrix nearest to M, in its own metric, that maps `vector` to `image`.

    The secant update of Davidon, Fletcher and Powell without its definiteness term.
    """
    current = matrix @ vector
    length = float(current @ vector)
    if length <= 0:
        return matrix
    missing = image - current
    across = np.outer(missing, current) / length
    along = float(missing @ vector) / length**2
    return matrix + across + across.T - along * np.outer(current, current)
