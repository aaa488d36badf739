"""One posterior of each kind at 20, 100 and 500 assets beside the classic one of peers.

Run `pytest tests/benchmarks --benchmark-enable -s -k posterior`; peers need the extra `bench`.
Every asset has a view, so that all solve problems of the same size. Times are ratios to
`bl_posterior` in the same run, interleaved.
"""

import time
import warnings
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from helpers import random_covariance

from blportfolio.bayes import (
    bl_posterior,
    feature_influenced_posterior,
    mixed_effects_posterior,
    shared_latent_posterior,
)

SIZES = [20, 100, 500]
TAU = 0.05


def make_problem(size):
    rng = np.random.default_rng(size)
    sigma = random_covariance(rng, size, scale=1e-4, n_obs=2 * size)
    sigma0 = TAU * sigma
    prior = rng.normal(0, 3e-4, size)
    forecast = prior + rng.multivariate_normal(np.zeros(size), sigma0)
    noise = np.diag(np.diagonal(sigma0)) * 0.3
    return SimpleNamespace(
        size=size,
        sigma=sigma,
        sigma0=sigma0,
        prior=prior,
        forecast=forecast,
        noise=noise,
        pick=np.eye(size),
        scale=10 * np.diag(np.diagonal(sigma0)),
    )


def classic(p):
    return bl_posterior(p.prior, p.sigma0, p.pick, p.forecast, p.noise).mean


def shared_latent(p):
    return shared_latent_posterior(p.prior, p.sigma0, p.forecast, p.noise).mean


def mixed_effects(p):
    views = p.pick[:5] - p.pick[5:10]
    return mixed_effects_posterior(
        p.prior,
        p.sigma0,
        views,
        np.full(5, 1e-4),
        np.eye(5) * 1e-6,
        p.forecast,
        p.noise,
        np.zeros(p.size),
        1.0,
    ).mean


def feature_influenced(p):
    return feature_influenced_posterior(
        p.prior, p.sigma0, p.pick, p.forecast, p.noise, p.scale, p.size + 11
    ).mean


def pyportfolioopt(p):
    pypfopt = pytest.importorskip("pypfopt", reason="needs the extra bench")
    model = pypfopt.BlackLittermanModel(
        p.sigma, pi=p.prior, Q=p.forecast, P=p.pick, omega=p.noise, tau=TAU
    )
    model.bl_cov()
    return model.bl_returns().to_numpy()


def skfolio(p):
    prior = pytest.importorskip("skfolio.prior", reason="needs the extra bench")
    names = [f"A{i}" for i in range(p.size)]
    known = SimpleNamespace(mu=p.prior, covariance=p.sigma)

    class Given(prior.BasePrior):
        def __init__(self):
            pass

        def fit(self, X, y=None, **_):  # noqa: N803, ARG002, the peer's own names
            self.return_distribution_ = prior.ReturnDistribution(
                mu=known.mu, covariance=known.covariance, returns=np.asarray(X)
            )
            return self

    shares = np.diagonal(p.sigma0) / (np.diagonal(p.sigma0) + np.diagonal(p.noise))
    model = prior.BlackLitterman(
        views=[f"{n} == {v!r}" for n, v in zip(names, map(float, p.forecast), strict=True)],
        prior_estimator=Given(),
        tau=TAU,
        view_confidences=list(shares),
    )
    model.fit(pd.DataFrame(np.zeros((2, p.size)), columns=names))
    return model.return_distribution_.mu


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    "solve",
    [shared_latent, mixed_effects, feature_influenced, pyportfolioopt, skfolio],
    ids=lambda f: f.__name__,
)
def test_posterior(benchmark, size, solve):
    problem = make_problem(size)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of other people's libraries
        mean = solve(problem)
        if solve in (shared_latent, pyportfolioopt, skfolio):  # the same problem in other words
            np.testing.assert_allclose(mean, classic(problem), rtol=1e-7, atol=1e-10)
        assert np.isfinite(mean).all()
        ratios = []
        for _ in range(9 if benchmark.enabled else 1):
            begin = time.perf_counter()
            classic(problem)
            middle = time.perf_counter()
            solve(problem)
            ratios.append((time.perf_counter() - middle) / (middle - begin))
        benchmark.extra_info["ratio_to_classic"] = float(np.median(ratios))
        benchmark.pedantic(solve, (problem,), rounds=1)
    print(f"\n{solve.__name__:<20} {size:4d} assets {np.median(ratios):8.2f} x bl_posterior")  # noqa: T201
