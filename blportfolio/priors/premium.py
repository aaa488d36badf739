"""What each of several reference portfolios has earned for its risk, by which it is judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from blportfolio.bayes.linalg import factorise
from blportfolio.priors.decision import Parts
from blportfolio.types import FloatArray

PRIOR = (1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Premiums:
    """Beliefs ρ ~ N(m/p, 1/p) about each reference: the δ that it shows, over the δ that is set.

    That a reference w is efficient means θ = δΣw at *some* δ. Judged at one δ for all, a decade in
    which everything rose would be evidence for the reference with the most risk, whose equilibrium
    promises most. So each is judged at the δ that its own past has shown, and what is left to
    judge is the cross-section.

    Attributes:
        beliefs: (p, m) by reference; N(1, 1) for one that has no past.
    """

    beliefs: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def judged(self, then: Parts) -> Parts:
        """Return what a decision is judged by: the equilibria at what each has shown so far."""
        directions = {}
        for reference, direction in then.directions.items():
            precision, weighted = self.beliefs.get(reference, PRIOR)
            directions[reference] = weighted / precision * direction
        return replace(then, directions=directions)

    def after(
        self, earned: FloatArray, then: Parts, covariance: FloatArray, risk_aversion: float
    ) -> Premiums:
        """Return the beliefs after more returns, whose mean is N(ρδΣw, Σ/h) over h periods.

        Args:
            earned: (h, n_assets) returns of the assets of that decision, decimal per period.
            then: What that decision was made of.
            covariance: (n_assets, n_assets) Σ of these returns.
            risk_aversion: δ that is set.
        """
        factor = factorise(covariance / len(earned))
        average = earned.mean(axis=0)
        beliefs = dict(self.beliefs)
        for reference, direction in then.directions.items():
            precision, weighted = beliefs.get(reference, PRIOR)
            promised = risk_aversion * direction
            force = factor.solve(promised)
            beliefs[reference] = (
                precision + float(force @ promised),
                weighted + float(force @ average),
            )
        return Premiums(beliefs)
