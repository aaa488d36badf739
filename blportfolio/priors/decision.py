"""What the posterior of one decision is made of, and how it is kept until its period is over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from blportfolio.bayes.gaussian import GaussianUpdate
from blportfolio.errors import ConfigError, DataError
from blportfolio.priors.latent_view import LatentView
from blportfolio.types import FloatArray, TrainingWindow
from blportfolio.validation import check_same_labels


class Setting(NamedTuple):
    """One combination of the hyper-parameters that may be averaged over."""

    reference: str
    tau: float
    risk_aversion: float
    view_scale: float
    strength: float

    def label(self, varied: Sequence[str]) -> str:
        """The parameters that vary, in words: "reference=equal, tau=0.05"."""
        return ", ".join(f"{name}={getattr(self, name)}" for name in varied) or "fixed"


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """All that a decision's posterior is made of, whatever the hyper-parameters.

    Attributes:
        assets: (n_assets,) labels.
        sigma: (n_assets, n_assets) Σ.
        directions: By reference portfolio (n_assets,) Σw, the equilibrium mean over δ(1 + τ); or
            r̄ where `is_historical`.
        is_historical: Whether θ0 is the sample mean.
        view: The latent view, or None.
        references: By name (n_assets,) w; empty where nothing needs them.
        universe: Labels of all assets of the market.
        periods_per_year: Periods of the data in a year.
        updates: By τ and view scale the update by the view, solved once for all who ask.
    """

    assets: tuple[str, ...]
    sigma: FloatArray
    directions: Mapping[str, FloatArray]
    is_historical: bool
    view: LatentView | None
    references: Mapping[str, FloatArray] = field(default_factory=dict)
    universe: tuple[str, ...] = ()
    periods_per_year: float = 252.0
    updates: dict[tuple[float, float], GaussianUpdate] = field(default_factory=dict, repr=False)

    def prior_mean(self, setting: Setting) -> FloatArray:
        """Return (n_assets,) θ0 = δ(Σ + τΣ)w, or r̄."""
        direction = self.directions[setting.reference]
        if self.is_historical:
            return direction
        return setting.risk_aversion * (1 + setting.tau) * direction


def encoded(parts: Parts) -> dict[str, Any]:
    """Return parts as a JSON document keyed by asset."""
    view = parts.view
    document: dict[str, Any] = {
        "assets": list(parts.assets),
        "sigma": {a: row.tolist() for a, row in zip(parts.assets, parts.sigma, strict=True)},
        "directions": _by_asset(parts.assets, parts.directions),
        "references": _by_asset(parts.assets, parts.references),
        "is_historical": parts.is_historical,
        "universe": list(parts.universe),
        "periods_per_year": parts.periods_per_year,
    }
    if view is not None:
        names = [parts.assets[i] for i in view.seen]
        document["seen"] = names
        document["view"] = dict(zip(names, view.mean.tolist(), strict=True))
        document["noise"] = {a: row.tolist() for a, row in zip(names, view.noise, strict=True)}
    return document


def _by_asset(
    assets: tuple[str, ...], vectors: Mapping[str, FloatArray]
) -> dict[str, dict[str, float]]:
    return {
        name: dict(zip(assets, values.tolist(), strict=True)) for name, values in vectors.items()
    }


def decoded(document: Mapping[str, Any]) -> Parts:
    """Return the parts that `encoded` wrote.

    Raises:
        ConfigError: If an earlier version wrote them.
    """
    if "directions" not in document:
        raise ConfigError(
            "`state` was written by an earlier version of blportfolio. Rebuild it with "
            "bl.replay_state."
        )
    assets = tuple(document["assets"])

    def vectors(name: str) -> dict[str, FloatArray]:
        return {
            key: np.array([values[asset] for asset in assets])
            for key, values in document[name].items()
        }

    view = None
    if "view" in document:
        seen = document["seen"]
        view = LatentView(
            np.array([assets.index(asset) for asset in seen], dtype=np.intp),
            np.array([document["view"][asset] for asset in seen]),
            np.array([document["noise"][asset] for asset in seen]),
        )
    return Parts(
        assets,
        np.array([document["sigma"][asset] for asset in assets]),
        vectors("directions"),
        bool(document["is_historical"]),
        view,
        vectors("references"),
        tuple(document["universe"]),
        float(document["periods_per_year"]),
    )


def pending(
    state: Mapping[str, Any], window: TrainingWindow
) -> tuple[Parts | None, FloatArray | None]:
    """Return what a state's last decision was made of, and (h, n_assets) returns since, or None.

    Args:
        state: What was learned up to that decision.
        window: The window of the present decision.

    Raises:
        DataError: If `realised` has other assets, or the window does not reach back that far.
    """
    if state.get("pending") is None:
        return None, None
    then, as_of = decoded(state["pending"]), pd.Timestamp(state["pending"]["as_of"])
    return then, _earned_since(window, then, as_of)


def _earned_since(window: TrainingWindow, then: Parts, as_of: pd.Timestamp) -> FloatArray | None:
    assets = list(then.assets)
    if window.realised is not None:
        check_same_labels(list(window.realised.columns), assets, name="realised")
        realised = window.realised[assets].to_numpy(dtype=float)
        return realised if len(realised) else None
    if window.returns.index[0] > as_of:
        raise DataError(
            f"`window` begins on {window.returns.index[0].date()}, after the last decision on "
            f"{as_of.date()}: what was earned in between is not known. Give `realised`, or use a "
            "longer lookback."
        )
    since = window.returns.loc[window.returns.index > as_of]
    if since.empty:
        return None
    # An asset that has vanished earns nothing, as in a backtest.
    return since.reindex(columns=assets).fillna(0.0).to_numpy(dtype=float)


def scores_of(state: Mapping[str, Any], labels: Sequence[str], model: str) -> dict[str, float]:
    """Return the score in a state of every combination, in the order of `labels`.

    Args:
        state: What a prior's `update` returned.
        labels: Names of the combinations that the prior averages.
        model: Name of the prior's class.

    Raises:
        ConfigError: If `state` was learned by another model or with other lists.
    """
    scores = state.get("scores") if isinstance(state, Mapping) else None
    if not isinstance(scores, Mapping) or "decisions" not in state:
        raise ConfigError(
            f"`state` must be what initial_state, update or bl.replay_state returned, got "
            f"{type(state).__name__}."
        )
    if set(scores) != set(labels):
        raise ConfigError(
            f"`state` holds scores of {', '.join(scores) or 'nothing'}, but this prior "
            f"averages over {', '.join(labels)}. Rebuild it with bl.replay_state."
        )
    learner = state.get("model", model)
    if learner != model:
        raise ConfigError(
            f"`state` was learned by {learner}, not by {model}. Rebuild it with bl.replay_state."
        )
    return {label: float(scores[label]) for label in labels}
