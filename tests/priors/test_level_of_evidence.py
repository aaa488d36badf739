"""What told references apart at one δ for all: mostly how much everything rose."""

import itertools

import numpy as np
import pytest

import blportfolio as bl
from blportfolio.backtest.plan import scheduled_rows
from blportfolio.bayes.evidence import Dispersion, gaussian_log_density
from blportfolio.features import WindowMaker
from blportfolio.priors.base import reference_weights

REFERENCES = ("equal", "min_variance")


def split(market, lookback, delta, tau=0.0005):
    """Log evidence of minimum variance over equal weight: that of r̄'s average, and the rest."""
    maker = WindowMaker(market, lookback=lookback)
    rows = scheduled_rows(maker, "month_end", start=None, last=len(market.dates) - 1)
    model, dispersion = bl.LedoitWolfCovariance(), Dispersion()
    scores = np.zeros((2, 2))
    for now, then in itertools.pairwise(rows):
        window = maker.arrays(now, None)
        sigma = model.fit_arrays(window.returns)
        earned = earned_between(maker, now, then)
        dispersion = dispersion.after(earned, sigma)
        total = dispersion.corrected(sigma) / len(earned) + tau * sigma
        average = earned.mean(axis=0)
        for i, name in enumerate(REFERENCES):
            mean = delta * (1 + tau) * sigma @ reference_weights(name, sigma, window)
            level = gaussian_log_density(
                np.array([average.mean()]), np.array([mean.mean()]), np.array([[total.mean()]])
            )
            scores[i] += level, gaussian_log_density(average, mean, total) - level
    return scores[1] - scores[0]


def earned_between(maker, now, then):
    earned = maker.returns[now + 1 : then + 1]
    return earned - maker.risk_free[now + 1 : then + 1, None] if maker.is_excess else earned


@pytest.mark.parametrize(
    ("name", "lookback", "delta", "level", "rest"),
    [("sp500_20", 252, 2.5, -4.8, 1.0), ("sp500_20", 252, 6.0, -0.1, 0.4),
     ("industries_12", 120, 2.5, -1.6, 2.9), ("industries_12", 120, 6.0, 3.2, 4.5)],
)  # fmt: skip
def test_level_and_cross_section_are_what_the_methods_say(name, lookback, delta, level, rest):
    """The figures of docs/methods.md."""
    found = split(bl.load_dataset(name), lookback, delta)
    np.testing.assert_allclose(found, [level, rest], atol=0.1)
