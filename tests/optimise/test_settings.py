"""Constraints and costs as research code writes them: frames, Series, numpy scalars, slips."""

import json
import math

import numpy as np
import pandas as pd
import pytest

import blportfolio as bl
from blportfolio.errors import ConfigError, DataError
from blportfolio.optimise import OBJECTIVES
from blportfolio.optimise.feasible import feasible_set
from blportfolio.types import DecisionContext

ABC = list("abc")
MEAN = pd.Series([0.01, 0.02, 0.015], ABC)
COVARIANCE = pd.DataFrame(np.diag([0.01, 0.04, 0.02]), ABC, ABC)
KNOWN = bl.ReturnDistribution.from_moments(MEAN, COVARIANCE)


def allowed(previous=None, context=DecisionContext(tuple(ABC)), **parts):  # noqa: B008, frozen
    return feasible_set(bl.Constraints(**parts), previous, context)


def test_bounds_and_group_bounds_may_be_frames():
    frame = pd.DataFrame({"upper": [0.5, 0.6], "lower": [0.1, 0.0]}, index=["c", "a"])
    table = {"c": (0.1, 0.5), "a": (0.0, 0.6)}
    assert bl.Constraints(bounds=frame) == bl.Constraints(bounds=table)
    assert bl.Constraints(bounds=pd.Series(table)) == bl.Constraints(bounds=table)
    groups = {"c": ["a", "b"], "a": ["c"]}
    assert bl.Constraints(groups=groups, group_bounds=frame) == bl.Constraints(
        groups=groups, group_bounds=table
    )


def test_loadings_may_be_a_frame_of_assets_by_factors():
    loadings = pd.DataFrame({"beta": [0.9, 1.1, 1.0], "size": [0.0, 1.0, -1.0]}, index=ABC)
    limits = {"beta": (0.9, 1.1)}
    table = {name: dict(column) for name, column in loadings.items()}
    assert bl.Constraints(factors=loadings, factor_bounds=limits) == bl.Constraints(
        factors=table, factor_bounds=limits
    )
    with pytest.raises(ConfigError, match="`factor_bounds` names the unknown 'beta'"):
        bl.Constraints(factors=loadings.T, factor_bounds=limits)


def test_groups_may_be_a_series_of_any_labels():
    codes = pd.Series([45, 45, 10], ABC)
    found = bl.Constraints(groups=codes, group_bounds={45: (0, 0.4)})
    assert found.groups == {"45": ("a", "b"), "10": ("c",)}
    named = pd.Series(["x", "x", "y"], ABC, dtype="category")
    assert bl.Constraints(groups=named).groups == {"x": ("a", "b"), "y": ("c",)}


@pytest.mark.parametrize("number", [np.float32(0.25), np.float64(0.25), 0.25])
def test_numpy_scalars_are_numbers(number):
    given = bl.Constraints(trade_bounds=number, turnover=number, bounds=(-number, number))
    assert given == bl.Constraints(trade_bounds=0.25, turnover=0.25, bounds=(-0.25, 0.25))
    assert bl.Costs(trading_bps=np.int64(10)) == bl.Costs(trading_bps=10)


@pytest.mark.parametrize("key", ["turnover", "gross_exposure", "tracking_error"])
def test_an_infinite_limit_is_none(key):
    parts = {"benchmark": "equal_weight"}
    assert bl.Constraints(**{key: math.inf}, **parts) == bl.Constraints(**parts)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"bounds": MEAN}, "`bounds of a` must be a pair"),
        ({"bounds": (0, MEAN)}, "`bounds` must be one pair for all assets, or .* DataFrame"),
        ({"bounds": (np.zeros(3), np.ones(3))}, "`bounds` must be one pair for all assets"),
        ({"bounds": [(0, 1)] * 3}, "`bounds` must be one pair for all assets"),
        ({"bounds": COVARIANCE}, "`bounds` as a DataFrame must have the columns `lower`"),
        ({"bounds": pd.DataFrame({"lower": [math.nan], "upper": [1]}, ["a"])}, "must be finite"),
        ({"bounds": {1: (0, 1), "1": (0, 0.5)}}, "`bounds` names '1' more than once"),
        ({"groups": pd.Series(["x", None, "y"], ABC)}, "must give the group of 'b'"),
        ({"groups": {"a": "x", "b": math.nan}}, "must give the group of 'b', got nan"),
        ({"turnover": COVARIANCE}, r"`turnover` must be a number, got DataFrame of shape \(3, 3\)"),
        ({"factors": {"f": {"a": 0}}}, "`factors` f must give some asset a loading other than 0"),
        ({"benchmark": {"a": 60, "b": 40}}, "`benchmark` adds up to 100 times wealth"),
        ({"tracking_error_unit": "day"}, "`tracking_error_unit` has no choice 'day'"),
        ({"selection": COVARIANCE}, "`selection` has no choice DataFrame of shape"),
    ],
)
def test_a_slip_is_one_line_that_names_the_argument(parts, message):
    with pytest.raises(ConfigError, match=message) as caught:
        bl.Constraints(**parts)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "make",
    [
        lambda: bl.MaxSharpe(constraints=[COVARIANCE]),
        lambda: bl.MaxSharpe(costs=COVARIANCE),
        lambda: bl.MaxSharpe(bl.Constraints()),
        lambda: bl.MeanVariance(risk_aversion=MEAN),
        lambda: bl.Resampled(COVARIANCE),
        lambda: bl.weight_spread(bl.MaxSharpe(), KNOWN),
    ],
)
def test_an_error_never_prints_a_whole_frame(make):
    with pytest.raises(ConfigError) as caught:
        make()
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 250


@pytest.mark.parametrize("given", [MEAN, (MEAN, COVARIANCE), None, MEAN.to_numpy()])
def test_a_mean_alone_is_refused_with_the_way_to_make_a_distribution(given):
    for call in (bl.MaxSharpe().solve, bl.weight_spread, bl.efficient_frontier):
        with pytest.raises(DataError, match=r"from_moments\(mean, covariance\)"):
            call(given)


@pytest.mark.parametrize(
    "parts",
    [
        {"bounds": (0, 40)},
        {"turnover": 20},
        {"gross_exposure": 150},
        {"trade_bounds": {"a": 10}},
        {"groups": {"x": ["a"]}, "group_bounds": {"x": (5, 30)}},
    ],
)
def test_a_limit_that_looks_like_a_percentage_is_remarked_on(parts):
    (remark,) = allowed(np.zeros(3), **parts).remarks
    assert "times wealth; weights are decimals" in remark


@pytest.mark.parametrize(
    "parts", [{"bounds": (-1, 2)}, {"bounds": (None, None)}, {"gross_exposure": 3}, {}]
)
def test_a_usual_limit_is_not_remarked_on(parts):
    assert allowed(**parts).remarks == ()


def test_a_tracking_error_may_be_given_per_year():
    year = DecisionContext(tuple(ABC), periods_per_year=252.0)
    parts = {"tracking_error": 0.02, "benchmark": "equal_weight"}
    found = allowed(context=year, **parts, tracking_error_unit="year")
    assert found.tracking_error == pytest.approx(0.02 / math.sqrt(252))
    assert allowed(context=year, **parts).tracking_error == 0.02


def test_a_tracking_error_per_year_holds_in_the_solution():
    known = bl.ReturnDistribution.from_moments(MEAN, COVARIANCE, periods_per_year=12)
    limits = bl.Constraints(
        tracking_error=0.05, tracking_error_unit="year", benchmark="equal_weight"
    )
    weights = bl.MeanVariance(risk_aversion=0.1, constraints=limits).solve(known)
    gap = weights - 1 / 3
    assert math.sqrt(12 * gap @ COVARIANCE @ gap) == pytest.approx(0.05, abs=1e-9)
    with pytest.raises(ConfigError, match=r'tracking_error_unit = "period".*`periods_per_year`'):
        bl.MeanVariance(constraints=limits).solve(KNOWN)


def test_a_unit_without_a_limit_needs_no_periods_in_a_year():
    assert math.isinf(allowed(tracking_error_unit="year").tracking_error)


def test_constraints_and_costs_show_what_was_set():
    assert repr(bl.Constraints()) == "Constraints()"
    shown = repr(bl.Constraints(turnover=0.2, bounds={"a": (0, 0.3)}))
    assert shown == "Constraints(bounds={'a': (0.0, 0.3)}, turnover=0.2)"
    assert repr(bl.Costs(trading_bps=10)) == "Costs(trading_bps=10.0)"


def test_a_distribution_prints_as_one_line():
    assert repr(KNOWN) == "ReturnDistribution(3 assets: a, b, c; no scenarios)"


@pytest.mark.parametrize("name", sorted(OBJECTIVES))
def test_the_solution_is_json_and_survives_what_pandas_does(name):
    settings = {
        "target_return": {"target": 0.01},
        "target_volatility": {"target": 0.2, "unit": "period"},
        "min_cvar": {"scenarios": "gaussian"},
    }
    known = bl.ReturnDistribution.from_moments(MEAN, COVARIANCE, mean_covariance=COVARIANCE / 50)
    weights = OBJECTIVES[name](**settings.get(name, {})).solve(known)
    solution = weights.attrs["solution"]
    assert json.loads(json.dumps(solution))["status"] == solution["status"]
    for changed in (weights.copy(), weights.sort_values(), weights[weights > 0], weights.round(2)):
        assert changed.attrs["solution"] == solution


def test_an_uncertainty_that_is_no_covariance_is_refused_wherever_it_is_used():
    wrong = np.array([[1.0, 2.0, 0.0], [2.0, 1.0, 0.0], [0.0, 0.0, 1.0]]) * 1e-4
    known = bl.ReturnDistribution.from_moments(MEAN, COVARIANCE, mean_covariance=wrong)
    for objective in (bl.RobustMeanVariance(), bl.Resampled()):
        with pytest.raises(DataError, match="`mean_covariance` is not positive semi-definite"):
            objective.solve(known)
    singular = bl.ReturnDistribution.from_moments(
        MEAN, COVARIANCE, mean_covariance=np.full((3, 3), 1e-4)
    )
    assert bl.RobustMeanVariance().solve(singular).sum() == pytest.approx(1)
