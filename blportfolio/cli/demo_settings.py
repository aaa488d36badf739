"""Turns the options of `forecast demo` into settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

from blportfolio.forecasters.asymmetric import (
    VARIANTS,
    AsymmetricSettings,
    Budget,
    ReturnsSettings,
    Target,
    full_settings,
)

_USUAL = {"sym": Target("sym", 4, 0.3), "affine": Target("affine", 8, 0.6)}


def asymmetric_settings(
    *,
    full: bool,
    gammas: Sequence[float] | None,
    regimes: Sequence[str] | None,
    kind: str | None,
    dimension: int | None,
    widths: Sequence[int] | None,
    scalings: Sequence[str] | None,
    variants: Sequence[str] | None,
    steps: int | None,
    seeds: int | None,
    seed: int,
) -> AsymmetricSettings:
    """Return the preset with what was given put in its place.

    The first γ takes the table of all models, further ones the sweep. The first width is that of
    this table and the variants.

    Raises:
        ConfigError: If a choice is unknown.
    """
    settings = replace(full_settings() if full else AsymmetricSettings(), seed=seed)
    changes: dict[str, Any] = {}
    if kind is not None or dimension is not None or gammas:
        target = _USUAL.get(kind or "affine", Target(kind or "affine"))
        if dimension is not None:
            target = replace(target, dimension=dimension)
        if gammas:
            target = replace(target, gamma=gammas[0])
            changes["gammas"] = tuple(dict.fromkeys(gammas))[1:]
        elif kind is not None or dimension is not None:
            changes["gammas"] = ()
        changes |= {"targets": (target,), "variant_targets": (target,)}
    if regimes:
        changes["regimes"] = tuple(dict.fromkeys(regimes))
    if scalings:
        changes["scalings"] = tuple(dict.fromkeys(scalings))
    if variants:
        named = () if list(variants) == ["none"] else tuple(dict.fromkeys(variants))
        changes["variants"] = tuple(VARIANTS) if named == ("all",) else named
    if widths:
        changes["widths"] = tuple(dict.fromkeys(widths))
    for field in fields(settings):
        budget = getattr(settings, field.name)
        if isinstance(budget, Budget):
            changes[field.name] = Budget(
                budget.n,
                widths[0] if widths and budget.width > 1 else budget.width,
                budget.steps if steps is None else steps,
                budget.seeds if seeds is None else seeds,
            )
    return replace(settings, **changes)


def returns_settings(
    *,
    full: bool,
    seeds: int | None,
    seed: int,
    steps: int | None = None,
    scenarios: Sequence[str] | None = None,
    regimes: Sequence[str] | None = None,
    selection_trap: bool = False,
) -> ReturnsSettings:
    """Return the preset with what was given put in its place.

    Raises:
        ConfigError: If a choice is unknown, or `con` was given without `selection_trap`.
    """
    settings = ReturnsSettings()
    if full:
        settings = replace(settings, n_test=30_000, width=128, steps=(30, 500), seeds=10)
    changes: dict[str, Any] = {"seed": seed}
    if seeds is not None:
        changes["seeds"] = seeds
    if steps is not None:
        changes["steps"] = (steps,)
    if scenarios:
        changes["scenarios"] = tuple(dict.fromkeys(scenarios))
    chosen = regimes or (("all", "con") if selection_trap else ("all",))
    changes |= {"regimes": tuple(dict.fromkeys(chosen)), "selection_trap": selection_trap}
    return replace(settings, **changes)
