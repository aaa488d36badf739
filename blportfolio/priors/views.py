"""Explicit views, and what they say about the assets of a window."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike

from blportfolio.bayes.confidence import view_variances
from blportfolio.errors import BLPortfolioWarning, ConfigError, DataError
from blportfolio.priors.view import View
from blportfolio.priors.view_checks import (
    check_certain_views,
    contradicting_views,
    implausible_views,
    repeated_views,
)
from blportfolio.priors.view_text import EXAMPLE
from blportfolio.types import FloatArray, WindowArrays
from blportfolio.validation import check_covariance, nearest_name

GROUP_WEIGHTS = ("equal", "reference")
ViewLike = View | str | Mapping[str, Any]
"""A view, its text, or a table of its fields."""


def as_views(given: object) -> tuple[View, ...]:
    """Return views from `View`s, texts and tables of the fields of a `View`.

    Raises:
        ConfigError: Naming the view that is wrong and how.

    Warns:
        BLPortfolioWarning: If the weights of a text look like a slip.
    """
    items = (given,) if isinstance(given, str | View) else ()
    if isinstance(given, Sequence) and not isinstance(given, str):
        items = tuple(given)
    if not items:
        raise ConfigError(
            f"`views` must be a list of one view at least, such as [{EXAMPLE!r}], got {given!r}."
        )
    views = tuple(_as_view(item, place) for place, item in enumerate(items, start=1))
    for item, view in zip(items, views, strict=True):
        # A table may mean other weights, as for a hedge.
        doubt = odd_weights(view) if isinstance(item, str) else None
        if doubt is not None:
            warnings.warn(doubt, BLPortfolioWarning, stacklevel=4)
    return views


def odd_weights(view: View) -> str | None:
    """Say that the weights of a view that was typed look like a slip; None where they do not.

    A portfolio sums to 1, a difference to 0.
    """
    total = sum(view.pick.values())
    if len(view.pick) == 1 or min(abs(total), abs(abs(total) - 1)) <= 0.015:
        return None
    return (
        f"The weights of the view `{view.label}` sum to {total:g}; those of a portfolio sum to 1, "
        "those of a difference to 0. For an average write 0.5*A + 0.5*B; if the weights are meant, "
        "give them as a table with `pick`."
    )


def _as_view(item: object, place: int) -> View:
    if isinstance(item, View):
        return item
    if isinstance(item, str):
        return View.from_text(item)
    if not isinstance(item, Mapping):
        raise ConfigError(
            f"`views` must hold views, texts such as {EXAMPLE!r} or tables; view {place} is "
            f"{item!r}."
        )
    known = [field.name for field in fields(View)]
    for key in item:
        if key not in known:
            hint = nearest_name(str(key), known)
            raise ConfigError(f"`views`: view {place} has the unknown key {key!r}. {hint}")
    for key in ("pick", "value"):
        if key not in item:
            raise ConfigError(f"`views`: view {place} lacks the key {key!r}; add it.")
    try:
        return View(**item)
    except ConfigError as error:
        raise ConfigError(f"`views`: view {place} is wrong. {error}") from error


def check_groups(groups: object, views: Sequence[View]) -> dict[str, tuple[str, ...]]:
    """Return groups of assets by name, checked against the views that use them.

    Raises:
        ConfigError: If a group is empty, no list of names, or unknown.
    """
    if not isinstance(groups, Mapping):
        raise ConfigError(f"`groups` must give lists of assets by name, got {groups!r}.")
    checked: dict[str, tuple[str, ...]] = {}
    for name, members in groups.items():
        listed = () if isinstance(members, str) or not isinstance(members, Sequence) else members
        if not listed or not all(isinstance(member, str) for member in listed):
            raise ConfigError(f"`groups`: {name!r} must be a list of assets, got {members!r}.")
        if not isinstance(name, str) or set(name) & set("[]") or len(set(listed)) < len(listed):
            raise ConfigError(
                f"`groups`: {name!r} must be a name without brackets, its assets stand once each."
            )
        checked[name] = tuple(listed)
    for view in views:
        for key in view.pick:
            name = group_name(key)
            if name is not None and name not in checked:
                hint = nearest_name(name, checked) if checked else "There are no `groups`."
                raise ConfigError(f"The view `{view.label}` names the unknown group {key}. {hint}")
    return checked


def check_view_covariance(given: object, views: Sequence[View]) -> tuple[tuple[float, ...], ...]:
    """Return a full Ω as a nested tuple.

    Raises:
        ConfigError: If it is no covariance of all views, or a view has an uncertainty of its own.
    """
    for view in views:
        if view.variance is not None or view.confidence is not None:
            raise ConfigError(
                f"`view_covariance` is given, and the view `{view.label}` states its own "
                "uncertainty too; keep one of them."
            )
    try:
        omega = check_covariance(cast("ArrayLike", given), len(views), name="view_covariance")
    except DataError as error:
        raise ConfigError(f"{error} It has a row and a column for each view.") from error
    smallest = float(np.linalg.eigvalsh(omega)[0])
    if smallest < -1e-9 * float(np.abs(omega).max()):
        raise ConfigError(
            f"`view_covariance` must be positive semi-definite; its smallest eigenvalue is "
            f"{smallest:.3g}. Check that no covariance exceeds what the variances allow."
        )
    return tuple(tuple(float(entry) for entry in row) for row in omega)


def group_name(key: str) -> str | None:
    """Return the name of the group that a key of a pick stands for, or None for an asset."""
    return key[1:-1] if key.startswith("[") and key.endswith("]") else None


@dataclass(frozen=True, slots=True, eq=False)
class ResolvedViews:
    """Views as arrays, for the assets and the period of one window.

    Attributes:
        pick: (n_views, n_assets) P.
        values: (n_views,) q, decimal per period.
        omega: (n_views, n_views) Ω, decimal² per period.
        labels: (n_views,) names.
        remarks: Views left out as an asset is not eligible now.
        doubts: What looks like a mistake.
    """

    pick: FloatArray
    values: FloatArray
    omega: FloatArray
    labels: tuple[str, ...]
    remarks: tuple[str, ...]
    doubts: tuple[str, ...]


def resolve_views(
    views: Sequence[ViewLike],
    window: WindowArrays,
    sigma: FloatArray,
    *,
    tau: float,
    groups: Mapping[str, Sequence[str]] | None = None,
    member_weights: FloatArray | None = None,
    view_covariance: FloatArray | None = None,
) -> ResolvedViews:
    """Turn views into P, q and Ω for a window.

    A view on an asset that is not eligible now is left out; a group stands for its eligible
    members. The diagonal of Ω is each view's own variance, that of its confidence, or τ pΣpᵀ.

    Args:
        views: (n_views,); anything but a `View` is read anew at each call.
        window: Assets, universe and periods in a year.
        sigma: (n_assets, n_assets) Σ, decimal² per period.
        tau: τ > 0.
        groups: Assets by name of a group, as from `check_groups`.
        member_weights: (n_assets,) weights by which a group averages its members; None: equally.
        view_covariance: (n_views, n_views) Ω per period, in place of variances and confidences.

    Returns:
        The arrays of the views that can be held now, which may be none.

    Raises:
        DataError: If an asset is unknown, or views held with certainty contradict each other.

    References:
        He and Litterman (1999) for τ pΣpᵀ; Idzorek (2004) for confidences.
    """
    rows: list[FloatArray] = []
    kept: list[int] = []
    remarks: list[str] = []
    doubts: list[str] = []
    stated = as_views(views) if views else ()
    for place, view in enumerate(stated):
        row, missing = np.zeros(len(window.assets)), False
        for key, weight in view.pick.items():
            held = _positions(view, key, groups or {}, window)
            if len(held) == 1:
                row[held[0]] += weight
                continue
            missing = missing or not held
            shares = np.full(len(held), 1 / max(len(held), 1))
            if member_weights is not None and held:
                total = float(member_weights[held].sum())
                if total > 0:
                    shares = member_weights[held] / total
                else:
                    doubts.append(
                        f"The reference portfolio holds nothing of the group {key}; its members "
                        "count equally."
                    )
            row[held] += weight * shares
        largest = max(abs(weight) for weight in view.pick.values())
        if missing:
            remarks.append(
                f"The view `{view.label}` was left out: not all its assets are eligible."
            )
        elif np.abs(row).max() <= 1e-12 * largest:
            doubts.append(f"The view `{view.label}` was left out: its assets cancel one another.")
        else:
            rows.append(row)
            kept.append(place)
    pick = np.array(rows).reshape(len(rows), len(window.assets))
    held_views = [stated[place] for place in kept]
    scales = np.array([view.scale(window.periods_per_year) for view in held_views])
    values = scales * np.array([view.value for view in held_views])
    labels = tuple(view.label for view in held_views)
    # Rounding can leave a variance of 0 just below it.
    spread = np.maximum(((pick @ sigma) * pick).sum(axis=1), 0.0)
    if view_covariance is not None:
        omega = view_covariance[np.ix_(kept, kept)]
    else:
        confidences = np.array([view.confidence or 0.5 for view in held_views])
        diagonal = view_variances(spread, confidences, tau)
        own = [view.variance for view in held_views]
        omega = np.diag(
            [
                scale * variance if variance is not None else default
                for scale, variance, default in zip(scales, own, diagonal, strict=True)
            ]
        ).reshape(len(kept), len(kept))
    check_certain_views(pick, values, omega, labels)
    doubts += repeated_views(pick, values, labels)
    doubts += contradicting_views(pick, values, omega, labels)
    doubts += implausible_views(values, spread, held_views, window)
    return ResolvedViews(pick, values, omega, labels, tuple(remarks), tuple(doubts))


def _positions(
    view: View, key: str, groups: Mapping[str, Sequence[str]], window: WindowArrays
) -> list[int]:
    """Return where the eligible assets of a key of a pick stand.

    Raises:
        DataError: If the data do not hold one of them.
    """
    known = window.universe or window.assets
    name = group_name(key)
    if name is None and key in groups and key not in known:
        name = key
    members = (key,) if name is None else groups[name]
    for asset in members:
        if asset not in known:
            within = "" if name is None else f", through its group {key}"
            hint = nearest_name(asset, known)
            if any(sign in asset for sign in "+-"):
                hint += " If a sign in it means a sum or a difference, put blanks around it."
            raise DataError(
                f"The view `{view.label}` names {asset!r}{within}, which is not in the data. {hint}"
            )
    return [window.assets.index(asset) for asset in members if asset in window.assets]
