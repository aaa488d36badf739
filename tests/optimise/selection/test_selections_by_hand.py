"""Selections where costs, shorts and cuts matter, against enumeration."""

import itertools

import numpy as np
import pandas as pd
import pytest
from helpers import random_covariance

import blportfolio as bl
from blportfolio.optimise.feasible import feasible_set
from blportfolio.optimise.general.mixed_integer import allowed_selections
from blportfolio.optimise.goal import Goal
from blportfolio.types import DecisionContext

ASSETS = ("a", "b", "c", "d")


@pytest.mark.parametrize("seed", [0, 1, 5])  # at which the target binds
def test_a_target_return_pays_for_what_is_sold_too(seed):
    """The assets that are dropped are sold at a cost, which the others have to earn."""
    rng = np.random.default_rng(seed)
    covariance = random_covariance(rng, 4)
    mean = np.array([4e-4, 5e-4, 6e-4, 7e-4])
    before = pd.Series(0.25, index=list(ASSETS))
    costs = bl.Costs(trading_bps=1)
    limits = bl.Constraints(max_assets=2)
    objective = bl.TargetReturn(5.5e-4, costs=costs, constraints=limits)
    weights = objective.solve(
        bl.ReturnDistribution(mean, covariance, 0 * covariance, ASSETS), previous_weights=before
    )
    assert (weights != 0).sum() <= 2
    net = weights @ mean - 1e-4 * (weights - before).abs().sum()
    assert net == pytest.approx(5.5e-4, abs=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_the_programme_that_chooses_shorts_finds_the_best_of_all_selections(seed):
    rng = np.random.default_rng(seed)
    common = rng.normal(5e-4, 0.01, (60, 1))  # what a short of one and a long of another take out
    scenarios = common * rng.uniform(0.8, 2.0, 4) + rng.normal(0, 1e-3, (60, 4))
    covariance = np.cov(scenarios, rowvar=False)
    world = bl.ReturnDistribution(
        scenarios.mean(axis=0), covariance, 0 * covariance, ASSETS, scenarios=scenarios
    )
    limits = {"bounds": (-0.5, 1.5), "min_weight": 0.1}
    exact = bl.MinCVaR(0.8, constraints={**limits, "max_assets": 2, "selection": "mip"})
    weights = exact.solve(world)
    assert weights.min() <= -0.1 + 1e-9
    found = weights.attrs["solution"]["objective"]
    best = np.inf
    for held in itertools.combinations(ASSETS, 2):
        for signs in itertools.product((1, -1), repeat=2):
            bounds = {"*": (0, 0)}
            for name, sign in zip(held, signs, strict=True):
                bounds[name] = (0.1, 1.5) if sign > 0 else (-0.5, -0.1)
            try:
                trial = bl.MinCVaR(0.8, constraints={"bounds": bounds}).solve(world)
            except bl.InfeasibleError:
                continue
            best = min(best, trial.attrs["solution"]["objective"])
    alone = [bl.MinCVaR(0.8, constraints={"bounds": {name: (1, 1), "*": (0, 0)}}).solve(world)
             for name in ASSETS]  # fmt: skip
    best = min([best, *(one.attrs["solution"]["objective"] for one in alone)])
    assert found == pytest.approx(best, rel=1e-6)


def test_no_selection_is_proposed_twice():
    allowed = feasible_set(bl.Constraints(max_assets=2), None, DecisionContext(ASSETS))
    goal = Goal(np.eye(4))
    found = [
        tuple(signs)
        for signs in itertools.islice(allowed_selections(goal, allowed, np.ones(4)), 40)
    ]
    assert len(found) == len(set(found)) == 6 + 4  # every pair and every asset alone
