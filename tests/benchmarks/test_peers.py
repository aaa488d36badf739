"""The same long-only max-Sharpe problem by this package and by its peers (extra `bench`)."""

import warnings

import numpy as np
import pandas as pd
import pytest

import blportfolio as bl


@pytest.fixture(scope="module")
def problem(sample_market):
    """Moments of the last year of the packaged stocks, with a mean that has positive entries."""
    window = bl.make_window(sample_market, as_of="2019-12-31", lookback=252)
    return window, bl.HistoricalPrior().fit(window)


def ours(window, found):
    del window
    return bl.MaxSharpe().solve(found).to_numpy()


def pyportfolioopt(window, found):
    frontier = pytest.importorskip("pypfopt", reason="needs the extra bench").EfficientFrontier
    labels = list(window.assets)
    mean = pd.Series(found.mean * 252, index=labels)
    problem = frontier(mean, pd.DataFrame(found.covariance * 252, index=labels, columns=labels))
    problem.max_sharpe(risk_free_rate=0.0)
    return np.array([problem.weights[i] for i in range(len(labels))])


def skfolio(window, found):
    del found
    optimisation = pytest.importorskip("skfolio.optimization", reason="needs the extra bench")
    model = optimisation.MeanRisk(objective_function=optimisation.ObjectiveFunction.MAXIMIZE_RATIO)
    return model.fit(window.returns).weights_


@pytest.mark.parametrize("solve", [ours, pyportfolioopt, skfolio], ids=lambda f: f.__name__)
def test_max_sharpe(benchmark, problem, solve):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of other people's libraries
        weights = benchmark(solve, *problem)
    exact = ours(*problem)
    covariance, mean = problem[1].covariance, problem[1].mean

    def ratio(w):
        return w @ mean / np.sqrt(w @ covariance @ w)

    assert ratio(weights) == pytest.approx(ratio(exact), rel=1e-3)
    assert ratio(exact) >= ratio(weights) * (1 - 1e-9)
