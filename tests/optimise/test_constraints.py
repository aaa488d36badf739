"""Constraints and costs as written by people: names, tables, and what is wrong with them."""

import copy
import json
import math
import pickle
from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest

import blportfolio as bl
from blportfolio.errors import ConfigError, DataError
from blportfolio.optimise.feasible import feasible_set
from blportfolio.types import DecisionContext

ABC = DecisionContext(("a", "b", "c"), universe=("a", "b", "c", "later"))


def allowed(previous=None, context=ABC, **parts):
    return feasible_set(bl.Constraints(**parts), previous, context)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"bounds": (0.5, 0.2)}, r"`bounds` has a lower limit of 0.5 above its upper limit of 0.2"),
        ({"bounds": 0.3}, r"`bounds` must be a pair \[lower, upper\], got 0.3"),
        ({"bounds": (0, 1, 2)}, r"`bounds` must be a pair .* got 3 values"),
        ({"bounds": {"a": (0.5, 0.2)}}, "`bounds of a`.*0.5 above"),
        ({"bounds": (0, "x")}, "`bounds upper` must be a number, got 'x'"),
        ({"bounds": (math.nan, 1)}, "`bounds lower` must be finite"),
        ({"budget": math.inf}, "`budget` must be finite"),
        ({"budget": True}, "`budget` must be a number, got True"),
        ({"budget": 0.5, "cash": (0, 1)}, "a `budget` or bounds of `cash`, not both"),
        ({"turnover": -0.1}, "`turnover` must be 0 or more, got -0.1"),
        ({"gross_exposure": "much"}, "`gross_exposure` must be a number"),
        ({"trade_bounds": {"a": -1}}, "`trade_bounds of a` must be 0 or more"),
        ({"groups": {"Tech": "a"}, "group_bounds": {"Tec": (0, 1)}}, "unknown 'Tec'"),
        ({"groups": {"Tech": ["a", "a"]}}, "name each member of 'Tech' once"),
        ({"groups": {"Tech": 3}}, "list the members of 'Tech'"),
        ({"group_bounds": {"Tech": (0, 1)}}, "`group_bounds` names the unknown 'Tech'"),
        ({"factors": {"beta": {"a": math.inf}}}, "`factors beta of a` must be finite"),
        ({"factor_bounds": {"beta": (0, 1)}}, "`factor_bounds` names the unknown 'beta'"),
        ({"linear": {"name": "x"}}, "`linear` must be a list"),
        ({"linear": [{"nme": "x"}]}, "unknown 'nme'. Did you mean 'name'"),
        ({"linear": [{"name": "x"}]}, "lacks its `weights`"),
        ({"linear": [{"name": "x", "weights": {"a": 1}}]}, "'x' needs a `lower` or an `upper`"),
        ({"linear": [{"name": "x", "weights": {}, "upper": 1}]}, "'x' must give some asset"),
        ({"linear": [{"name": "x", "weights": {"a": 1}, "upper": 1}] * 2}, "a name of its own"),
        ({"tracking_error": 0.01}, "`tracking_error` needs a `benchmark`"),
        ({"benchmark": "equal"}, "`benchmark` has no choice 'equal'"),
        ({"benchmark": {"a": 0}}, "`benchmark` must hold some asset"),
        ({"max_assets": 0}, "`max_assets` must be 1 or more"),
        ({"max_assets": 2.5}, "`max_assets` must be a whole number"),
        ({"selection": "best"}, "`selection` has no choice 'best'"),
        ({"relax": "yes"}, "`relax` must be true or false"),
    ],
)
def test_a_wrong_constraint_is_named_with_what_was_expected(parts, message):
    with pytest.raises(ConfigError, match=message):
        bl.Constraints(**parts)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"trading_bps": -1}, "`trading_bps` must be 0 or more"),
        ({"impact_bps": {"a": "x"}}, "`impact_bps of a` must be a number"),
        ({"holding_bps": None}, "`holding_bps` must be a table by name"),
        ({"horizon": 0}, "`horizon` must be above 0"),
    ],
)
def test_a_wrong_cost_is_named_with_what_was_expected(parts, message):
    with pytest.raises(ConfigError, match=message):
        bl.Costs(**parts)


@pytest.mark.parametrize(
    ("parts", "key"),
    [
        ({"bounds": {"d": (0, 1)}}, "bounds"),
        ({"groups": {"G": ["a", "d"]}, "group_bounds": {"G": (0, 1)}}, "groups"),
        ({"linear": [{"name": "x", "weights": {"d": 1}, "upper": 1}]}, "linear"),
        ({"factors": {"f": {"d": 1}}, "factor_bounds": {"f": (0, 1)}}, "factors"),
        ({"trade_bounds": {"d": 1}}, "trade_bounds"),
        ({"benchmark": {"d": 1}}, "benchmark"),
    ],
)
def test_an_unknown_asset_is_refused_wherever_it_is_named(parts, key):
    context = DecisionContext(("a", "b", "c"))
    with pytest.raises((ConfigError, DataError), match=f"`{key}.*'"):
        allowed(np.zeros(3), context, **parts)


def test_bounds_are_found_by_name_and_the_star_is_every_other_asset():
    found = allowed(bounds={"c": (0.1, 0.3), "*": (None, 0.5)})
    np.testing.assert_array_equal(found.lower, [-np.inf, -np.inf, 0.1])
    np.testing.assert_array_equal(found.upper, [0.5, 0.5, 0.3])
    rest = allowed(bounds={"b": (0, 0.3)})
    np.testing.assert_array_equal(rest.upper, [1, 0.3, 1])


def test_infinite_and_missing_limits_are_the_same():
    assert bl.Constraints(bounds=(-math.inf, math.inf)) == bl.Constraints(bounds=(None, None))


def test_groups_may_be_given_by_group_or_by_asset_or_as_a_series():
    by_group = bl.Constraints(groups={"x": ["a", "b"], "y": ["c"]})
    assert bl.Constraints(groups={"a": "x", "b": "x", "c": "y"}) == by_group
    assert bl.Constraints(groups=pd.Series({"a": "x", "b": "x", "c": "y"})) == by_group


def test_an_asset_of_the_market_that_may_not_be_held_now_is_skipped():
    found = allowed(
        groups={"G": ["a", "later"], "H": ["later"]},
        group_bounds={"G": (0, 0.4), "H": (0.1, 1)},
        bounds={"later": (0.2, 1)},
    )
    np.testing.assert_array_equal(found.rows, [[1, 0, 0]])
    assert found.row_names == ("group G",)
    assert found.remarks == ("The limit on group H names no asset that may be held now.",)


def test_a_missing_loading_is_refused_and_not_taken_for_zero():
    with pytest.raises(DataError, match="`factors` beta has no loading for 'c'"):
        allowed(factors={"beta": {"a": 1, "b": 1}}, factor_bounds={"beta": (0.9, 1.1)})


def test_cash_bounds_are_a_range_of_the_budget():
    found = allowed(cash=(0.1, 0.4))
    assert (found.budget_lower, found.budget_upper) == pytest.approx((0.6, 0.9))


def test_trades_and_turnover_are_free_at_a_first_purchase():
    first = allowed(None, turnover=0.1, trade_bounds=0.05)
    assert math.isinf(first.turnover)
    np.testing.assert_array_equal(first.box()[1], 1)
    later = allowed(np.array([0.5, 0.5, 0.0]), turnover=0.1, trade_bounds={"a": 0.05})
    assert later.turnover == 0.1
    np.testing.assert_allclose(later.box(), [[0.45, 0, 0], [0.55, 1, 1]])


def test_what_has_to_be_sold_does_not_count_as_turnover():
    context = DecisionContext(("a", "b", "c"), forced_sales=0.2)
    found = feasible_set(bl.Constraints(turnover=0.1), np.array([0.5, 0.3, 0.0]), context)
    assert found.turnover == pytest.approx(0.2)
    assert found.violation(np.array([0.6, 0.4, 0.0]), np.eye(3)) <= 1e-15


def test_the_benchmark_of_market_capitalisations_needs_them():
    weights = np.array([0.5, 0.3, 0.2])
    context = DecisionContext(("a", "b", "c"), market_weights=weights)
    found = feasible_set(bl.Constraints(benchmark="market_cap", tracking_error=0.01), None, context)
    np.testing.assert_array_equal(found.benchmark, weights)
    with pytest.raises(DataError, match="`market_cap` needs market weights"):
        allowed(benchmark="market_cap", tracking_error=0.01)


def test_the_violation_is_that_of_the_worst_limit():
    found = allowed(
        np.array([1.0, 0.0, 0.0]),
        bounds=(0, 0.5),
        groups={"G": ["a", "b"]},
        group_bounds={"G": (0, 0.6)},
        turnover=0.2,
        max_assets=2,
    )
    assert found.violation(np.array([0.4, 0.4, 0.2]), np.eye(3)) == pytest.approx(0.4)
    assert found.violation(np.array([0.8, 0.0, 0.2]), np.eye(3)) == pytest.approx(0.3)
    loose = allowed(bounds=(0, 0.5))
    assert loose.violation(np.array([0.5, 0.3, 0.2]), np.eye(3)) <= 1e-15


def test_tables_and_objects_say_the_same():
    table = {
        "bounds": {"a": [0, 0.3]},
        "groups": {"G": ["a", "b"]},
        "group_bounds": {"G": [0.1, 0.5]},
        "linear": [{"name": "x", "weights": {"a": 1, "b": -1}, "upper": 0.1}],
        "turnover": 0.2,
    }
    spelled = bl.Constraints(
        bounds={"a": (0, 0.3)},
        groups={"G": ("a", "b")},
        group_bounds={"G": (0.1, 0.5)},
        linear=(bl.LinearConstraint("x", {"a": 1.0, "b": -1.0}, upper=0.1),),
        turnover=0.2,
    )
    objective = bl.MeanVariance(constraints=table, costs={"trading_bps": 10})
    assert objective == bl.MeanVariance(constraints=spelled, costs=bl.Costs(trading_bps=10))
    assert objective.constraints == bl.Constraints.of(json.loads(json.dumps(asdict(spelled))))


@pytest.mark.parametrize("kind", ["constraints", "costs"])
def test_an_unknown_key_of_a_table_is_refused_with_the_nearest(kind):
    wrong = {"constraints": {"turnovr": 0.1}, "costs": {"trading_bsp": 1}}[kind]
    near = {"constraints": "turnover", "costs": "trading_bps"}[kind]
    with pytest.raises(ConfigError, match=f"`{kind}` has the unknown key.*Did you mean '{near}'"):
        bl.MeanVariance(**{kind: wrong})
    with pytest.raises(ConfigError, match=f"`{kind}` must be"):
        bl.MeanVariance(**{kind: 3})


def test_constraints_cannot_be_changed_and_are_copied_pickled_and_hashed():
    bounds = {"a": [0, 0.3]}
    given = bl.Constraints(bounds=bounds, groups={"G": ["a"]})
    bounds["a"][1] = 5.0
    assert given.bounds["a"] == (0, 0.3)
    with pytest.raises(TypeError, match="cannot be changed"):
        given.bounds["b"] = (0, 1)
    assert pickle.loads(pickle.dumps(given)) == given  # noqa: S301
    assert copy.deepcopy(given) == given
    assert len({given, copy.deepcopy(given)}) == 1


def test_a_cost_by_asset_is_nothing_for_the_others():
    costs = bl.Costs(trading_bps={"b": 20}, impact_bps=100, horizon=10)
    arrays = costs.arrays(np.array([0.5, 0.5, 0.0]), ABC)
    np.testing.assert_allclose(arrays.trading, [0, 0.0002, 0])
    np.testing.assert_allclose(arrays.impact, 0.001)
    # 20 bp of 0.1 over ten periods, and 100 bp of 0.1² in each of two assets
    assert arrays.value(np.array([0.5, 0.4, 0.1])) == pytest.approx(0.0002 * 0.1 + 2 * 1e-5)


def test_holding_and_borrowing_are_paid_every_period():
    arrays = bl.Costs(holding_bps=1, borrow_bps=2, horizon=10).arrays(None, ABC)
    assert arrays.value(np.array([1.2, -0.2, 0.0])) == pytest.approx(1.4e-4 + 0.4e-4)


def test_a_cost_of_an_unknown_asset_is_refused():
    with pytest.raises(ConfigError, match="`trading_bps` names the unknown 'd'"):
        bl.Costs(trading_bps={"d": 1}).arrays(None, ABC)


def test_the_horizon_is_the_time_to_the_next_decision_where_it_is_not_given():
    context = DecisionContext(("a",), horizon=21.0)
    assert bl.Costs(trading_bps=21).arrays(None, context).trading[0] == pytest.approx(1e-4)
