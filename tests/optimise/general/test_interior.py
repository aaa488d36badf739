"""The dense interior-point method against Clarabel, and where it does not apply or must halt."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from programmes import market, portfolios, random_costs, random_set, sectors

from blportfolio.optimise.general import stages
from blportfolio.optimise.general.interior import Interior
from blportfolio.optimise.general.programme import write_programme
from blportfolio.optimise.general.residuals import measured
from blportfolio.optimise.general.solvers import NOT_FOR_IT, attempt
from blportfolio.optimise.goal import Goal


def unpolished(programme):
    """What the method itself answers, measured."""
    status, x, z = Interior(programme).solve()
    return status, measured(programme, x, z)


def infeasible(size):
    """A programme without a solution: an asset must be bought beyond the limit on turnover."""
    mean, covariance = market(1, size)
    row = {"rows": np.eye(size)[:1], "row_lower": np.array([0.5]), "row_upper": np.array([1.0])}
    allowed = portfolios(
        size, previous=np.full(size, 1 / size), turnover=0.01, row_names=("first",), **row
    )
    return write_programme(Goal(covariance, mean, risk_aversion=2.0), allowed)


@given(seed=st.integers(0, 10_000), size=st.integers(20, 40), has_costs=st.booleans())
def test_random_programmes_are_solved_as_by_clarabel(seed, size, has_costs):
    rng = np.random.default_rng(seed)
    mean, covariance = market(seed, size)
    allowed, _ = random_set(rng, size, covariance)
    allowed = replace(allowed, tracking_error=np.inf)
    costs = None
    if has_costs:
        costs = replace(random_costs(rng, size, allowed.previous), impact=np.zeros(size))
    goal = Goal(covariance, mean, risk_aversion=10 ** rng.uniform(-1, 2), costs=costs)
    programme = write_programme(goal, allowed)
    status, point = unpolished(programme)
    _, expected = attempt(programme, stages.CLARABEL)
    assert status == "optimal"
    assert point.primal <= 1e-8
    value = programme.curve(point.x) @ point.x / 2 + programme.linear @ point.x
    least = programme.curve(expected.x) @ expected.x / 2 + programme.linear @ expected.x
    assert value == pytest.approx(least, rel=1e-6, abs=1e-6)


def test_rows_that_repeat_each_other_do_no_harm():
    mean, covariance = market(2, 40)
    limits = sectors(40, lower=0.5, upper=0.5)
    twice = {key: np.concatenate([value, value]) for key, value in limits.items()}
    twice["row_names"] = limits["row_names"] * 2
    goal = Goal(covariance, mean, risk_aversion=5.0)
    status, point = unpolished(write_programme(goal, portfolios(40, **twice)))
    assert status == "optimal"
    assert point.worst <= 1e-5


def test_without_a_solution_it_halts_and_claims_nothing():
    status, point = unpolished(infeasible(60))
    assert status == "halted"
    assert point.primal > 1e-3


@pytest.mark.parametrize("name", ["cones", "ratio", "many rows", "loose variable", "equations"])
def test_programmes_of_other_forms_are_left_to_other_solvers(name):
    mean, covariance = market(3, 10)
    goal, given = Goal(covariance, mean, risk_aversion=5.0), {}
    if name == "cones":
        given = {"benchmark": np.full(10, 0.1), "tracking_error": 0.01}
    if name == "ratio":
        goal = Goal(covariance, mean + 1e-2, is_ratio=True)
    if name == "many rows":
        rows = np.random.default_rng(3).normal(size=(9, 10))
        edge = np.full(9, 5.0)
        names = tuple("abcdefghi")
        given = {"rows": rows, "row_lower": -edge, "row_upper": edge, "row_names": names}
    if name == "equations":
        given = {"lower": np.full(10, -np.inf), "upper": np.full(10, np.inf)}
    if name == "loose variable":
        goal = replace(goal, scenarios=np.random.default_rng(3).normal(size=(3, 10)))
    programme = write_programme(goal, portfolios(10, **given))
    assert attempt(programme, stages.INTERIOR) == (NOT_FOR_IT, None)
