"""The track record of learned views, in units of each view's volatility, keyed by asset."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from blportfolio.bayes.track_record import (
    completed_squared_error,
    expected_squared_error,
    information_share,
)
from blportfolio.types import FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class ViewRecord:
    """What past view errors have taught: Ω ~ IW(Ψ0 + S, ν0 + L).

    Attributes:
        assets: (n,) labels.
        squares: (n, n) S, what the errors have added to Ψ. In units of the views' one-period
            standard deviation, so that a record from calm times fits wild ones. Ψ0 + S is
            positive definite; S alone need not be, as errors below expectation take from it.
        count: L, the errors seen, each counted by the share of its information that the noise of
            returns has left.
    """

    assets: tuple[str, ...] = ()
    squares: FloatArray = field(default_factory=lambda: np.empty((0, 0)))
    count: float = 0.0

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> ViewRecord:
        """Return the record that `to_document` wrote."""
        assets = tuple(document["assets"])
        rows = np.array([document["squares"][asset] for asset in assets], dtype=float)
        return cls(assets, rows.reshape(len(assets), len(assets)), float(document["count"]))

    def to_document(self) -> dict[str, Any]:
        """Return the record as JSON, keyed by asset."""
        rows = zip(self.assets, self.squares, strict=True)
        return {
            "assets": list(self.assets),
            "squares": {asset: row.tolist() for asset, row in rows},
            "count": self.count,
        }

    def on(self, assets: tuple[str, ...], expected: float) -> FloatArray:
        """Return (n, n) S for these assets; one without a record has confirmed its prior.

        Args:
            assets: Labels wanted.
            expected: Prior expectation of Ω_ii in units of the view's variance.
        """
        known = {asset: i for i, asset in enumerate(self.assets)}
        squares = np.diag(np.full(len(assets), self.count * expected))
        here = np.array([i for i, asset in enumerate(assets) if asset in known], dtype=np.intp)
        there = np.array([known[assets[i]] for i in here], dtype=np.intp)
        squares[np.ix_(here, here)] = self.squares[np.ix_(there, there)]
        return squares

    def after(
        self,
        assets: tuple[str, ...],
        seen: IntArray,
        error: FloatArray,
        noise: FloatArray,
        *,
        strength: float,
        expected: float,
    ) -> ViewRecord:
        """Return the record after one more error of each view at `seen`.

        The new law has exactly the expectation of Ω that the old one has given the error, and is
        worth as many errors more as the noise has left of this one (assumed density filtering).

        Args:
            assets: (n,) assets of that decision; others are forgotten.
            seen: (n_seen,) positions of those that had a view.
            error: (n_seen,) realised less said, over the view's standard deviation.
            noise: (n_seen, n_seen) its covariance had the view been perfect, in the same units.
            strength: κ of the prior law of Ω, in errors.
            expected: Prior expectation of Ω_ii, in the same units.
        """
        start = np.diag(np.full(len(assets), strength * expected))
        scale = start + self.on(assets, expected)
        excess = strength + self.count
        part = scale[np.ix_(seen, seen)]
        squared = expected_squared_error(error, noise, part, len(seen) + 1 + excess)
        omega = (scale + completed_squared_error(squared, seen, scale, excess)) / (excess + 1)
        share = information_share(noise, part / excess) * len(seen) / len(assets)
        return ViewRecord(assets, (excess + share) * omega - start, self.count + share)
