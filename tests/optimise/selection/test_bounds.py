"""Bounds on what neighbouring selections score, against what they score."""

import math
from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from programmes import market, portfolios, random_costs, random_set

from blportfolio.optimise.goal import Goal
from blportfolio.optimise.selection.bounds import LeastScores
from blportfolio.optimise.selection.held_subset import changed
from blportfolio.optimise.selection.search import SelectionSearch

SIZE = 7


def neighbours(signs):
    """Every exchange of one or two assets, and every purchase."""
    held, outside = np.flatnonzero(signs), np.flatnonzero(signs == 0)
    for one in outside:
        yield changed(signs, {one: 1.0})
        for gone in held:
            yield changed(signs, {one: 1.0, gone: 0.0})
        for other in outside[outside > one]:
            yield changed(signs, {one: 1.0, other: 1.0, held[0]: 0.0, held[1]: 0.0})


@given(
    seed=st.integers(0, 10_000),
    kind=st.sampled_from(["ratio", "utility", "variance", "uncertain", "costs", "return"]),
)
def test_no_neighbour_scores_below_its_bound(seed, kind):
    rng = np.random.default_rng(seed)
    mean, covariance = market(seed, SIZE)
    mean = mean + 1e-3
    allowed, _ = random_set(rng, SIZE, covariance)
    allowed = replace(allowed, max_assets=4)
    if rng.random() < 0.5:
        allowed = portfolios(SIZE, max_assets=4)
    goal = {
        "ratio": Goal(covariance, mean, is_ratio=True),
        "utility": Goal(covariance, mean, risk_aversion=4.0),
        "variance": Goal(covariance, risk_aversion=1.0),
        "uncertain": Goal(
            covariance, mean, risk_aversion=4.0, uncertainty=covariance / 50, radius=0.5
        ),
        "costs": Goal(
            covariance, mean, risk_aversion=4.0, costs=random_costs(rng, SIZE, allowed.previous)
        ),
        "return": Goal(covariance, mean, risk_aversion=1.0, min_return=float(mean.min())),
    }[kind]
    search = SelectionSearch(goal, allowed)
    signs = np.zeros(SIZE)
    signs[rng.choice(SIZE, 4, replace=False)] = 1.0
    trial = search.solve(signs)
    if trial.solution is None:
        return
    bounds = LeastScores(goal, allowed, signs, trial.solution.weights)
    for other in neighbours(signs):
        score = search.solve(other).score
        assert bounds.least(other) <= score + 1e-8 * abs(score)


def test_the_bound_is_the_score_where_only_the_budget_binds():
    _, covariance = market(5, SIZE)
    goal = Goal(covariance, risk_aversion=1.0)
    allowed = portfolios(SIZE, max_assets=4, lower=np.full(SIZE, -9.0), upper=np.full(SIZE, 9.0))
    search = SelectionSearch(goal, allowed)
    signs = np.array([1.0] * 4 + [0.0] * 3)
    bounds = LeastScores(goal, allowed, signs, search.solve(signs).solution.weights)
    other = changed(signs, {0: 0.0, 5: 1.0})
    np.testing.assert_allclose(bounds.least(other), search.solve(other).score, rtol=1e-9)


def test_an_asset_that_would_be_sold_short_where_it_may_not_is_left_out():
    exposure = np.array([1.0, 1.0, 1.0, 1.0, 3.0, 3.0, 3.0])
    goal = Goal(1e-4 * (np.outer(exposure, exposure) + np.eye(SIZE)), risk_aversion=1.0)
    search = SelectionSearch(goal, portfolios(SIZE, max_assets=4))
    signs = np.array([1.0] * 4 + [0.0] * 3)
    trial = search.solve(signs)
    bounds = LeastScores(goal, search.allowed, signs, trial.solution.weights)
    for new in ({4: 1.0}, {4: 1.0, 5: 1.0}, {4: 1.0, 0: 0.0}):
        assert bounds.least(changed(signs, new)) >= trial.score * (1 - 1e-9)


def test_losses_in_scenarios_are_not_bounded():
    mean, covariance = market(6, SIZE)
    scenarios = np.random.default_rng(6).normal(size=(40, SIZE))
    goal = Goal(covariance, mean, risk_aversion=1.0, scenarios=scenarios)
    signs = np.array([1.0] * 4 + [0.0] * 3)
    bounds = LeastScores(goal, portfolios(SIZE), signs, signs / 4)
    assert bounds.least(changed(signs, {0: 0.0, 5: 1.0})) == -math.inf
