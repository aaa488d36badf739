"""Every strategy against a baseline: what is compared with what, and what cannot be."""

import json
import math

import numpy as np
import pandas as pd
import pytest
from helpers import make_market

import blportfolio as bl
from blportfolio.report.against import (
    DRAWS_TOGETHER,
    Baseline,
    against_baseline,
    compare_with_baseline,
    judge_together,
)
from blportfolio.report.comparison import DRAWS
from blportfolio.report.inference import (
    bootstrap_sharpe_difference,
    deflated_sharpe,
    probabilistic_sharpe,
    sharpe_confidence_set,
    sharpe_difference,
    superior_predictive_ability,
)

DATES = pd.date_range("2000-01-03", periods=600, freq="B")


class Result:
    """What the comparison reads of a backtest."""

    periods_per_year = 252.0

    def __init__(self, name, returns, *, cost_bps=10.0, rebalance="month_end", lookback=252):
        self.name, self.returns = name, returns
        self.weights = pd.DataFrame([[1.0, 0.0]], index=returns.index[:1])
        self.views = pd.DataFrame(columns=["prior", "view", "posterior"], dtype=float)
        self.manifest = {"cost_bps": cost_bps, "rebalance": rebalance, "lookback": lookback}


def series(seed, mean=5e-4, n_dates=600, own=0.003):
    common = 0.01 * np.random.default_rng(99).normal(size=n_dates)
    noise = own * np.random.default_rng(seed).normal(size=n_dates)
    return pd.Series(mean + common + noise, index=DATES[:n_dates])


def compared_with(results, *rows):
    records = compare_with_baseline(results, Baseline(rows[0], rows, len(results)))
    return {record["first"]: record["second"] for record in records}


@pytest.fixture(scope="module")
def backtests():
    market = make_market(1)
    objectives = {"A": bl.MaxSharpe(), "B": bl.EqualWeight(), "X": bl.MinVariance()}
    return [
        bl.run_backtest(bl.Strategy(name, objective=objective, lookback=60), market)
        for name, objective in objectives.items()
    ]


def test_the_figures_are_those_of_the_returns_net_of_costs(backtests):
    a, b, x = backtests
    periods = a.periods_per_year
    records = compare_with_baseline(backtests, Baseline("X", ("X",), 7, seed=3))
    assert [record["role"] for record in records] == ["compared", "compared", "baseline"]
    ratios = [bl.summarise(result)["sharpe_ratio"] for result in backtests]
    for record, result in zip(records[:2], (a, b), strict=True):
        drawn = bootstrap_sharpe_difference(
            result.returns, x.returns, periods_per_year=periods, n_draws=DRAWS, seed=3
        )
        closed = sharpe_difference(result.returns, x.returns, periods_per_year=periods)
        for key in ("low", "high", "p_value"):
            assert record[key] == getattr(drawn, key)
            assert record[f"hac_{key}"] == getattr(closed, key)
        assert record["difference"] == closed.value
        assert record["standard_error"] == closed.standard_error
        assert (record["draws"], record["block"]) == (DRAWS, drawn.block)
    for record, result, ratio in zip(records, backtests, ratios, strict=True):
        assert record["first_sharpe"] == ratio
        assert record["probability"] == probabilistic_sharpe(
            result.returns, periods_per_year=periods
        )
        assert record["deflated"] == deflated_sharpe(
            result.returns, trials=7, trial_sharpes=ratios, periods_per_year=periods
        )


def test_all_strategies_are_judged_together_by_the_tests_of_many(backtests):
    a, b, x = backtests
    records = compare_with_baseline(backtests, Baseline("X", ("X",), 3))
    (judged,) = judge_together(backtests, records, seed=5)
    returns = pd.DataFrame({result.name: result.returns for result in (x, a, b)})
    found = superior_predictive_ability(
        returns[["A", "B"]], x.returns, n_draws=DRAWS_TOGETHER, seed=5
    )
    best = sharpe_confidence_set(returns, size=0.1, n_draws=DRAWS_TOGETHER, seed=5)
    assert judged == {
        "baseline": "X", "n_strategies": 2, "best": found.best, "spa_p_value": found.p_value,
        "confidence_set": list(best.included),
    }  # fmt: skip


def test_more_trials_lower_the_deflated_ratio_and_nothing_else(backtests):
    few, many = (
        compare_with_baseline(backtests, Baseline("X", ("X",), trials)) for trials in (3, 300)
    )
    for before, after in zip(few, many, strict=True):
        assert after.pop("deflated") < before.pop("deflated")
        assert before == after


def test_rows_meet_the_baselines_row_of_their_cost_schedule_and_lookback():
    settings = [
        {"lookback": lookback, "cost_bps": cost, "rebalance": rebalance}
        for lookback in (60, 120)
        for cost in (0.0, 10.0)
        for rebalance in ("weekly", "month_end")
    ]
    rows = [Result(f"X{i}", series(i), **chosen) for i, chosen in enumerate(settings)]
    others = [Result(f"A{i}", series(i + 9), **chosen) for i, chosen in enumerate(settings)]
    found = compared_with([*rows, *others], *(row.name for row in rows))
    assert found == {f"A{i}": f"X{i}" for i in range(8)} | {f"X{i}": None for i in range(8)}


def test_one_row_of_the_baseline_is_compared_with_whatever_its_lookback():
    results = [Result("A", series(0), lookback=60), Result("X", series(1), lookback=120)]
    assert compared_with(results, "X")["A"] == "X"


@pytest.mark.parametrize("other", [{"cost_bps": 0.0}, {"rebalance": "weekly"}])
def test_a_row_with_other_costs_or_schedule_has_nothing_to_be_compared_with(other):
    results = [Result("A", series(0), **other), Result("X", series(1))]
    records = compare_with_baseline(results, Baseline("X", ("X",), 2))
    assert records[0]["role"] == "alone"
    assert records[0]["second"] is None
    assert judge_together(results, records) == []


def test_two_rows_of_the_baseline_that_would_both_do_are_not_chosen_from():
    rows = [Result("X", series(0)), Result("Y", series(1))]
    assert compared_with([*rows, Result("A", series(2))], "X", "Y")["A"] is None


def test_the_very_portfolio_of_the_baseline_differs_by_nothing():
    results = [Result("A", series(0)), Result("X", series(0))]
    record, _ = compare_with_baseline(results, Baseline("X", ("X",), 2))
    assert [record[key] for key in ("difference", "low", "high", "p_value")] == [0, 0, 0, 1]
    assert record["finding"] == "open"
    (judged,) = judge_together(results, [record])
    assert judged["spa_p_value"] == 1
    assert judged["confidence_set"] == ["X", "A"]


def numbers_in(document):
    if isinstance(document, dict):
        document = list(document.values())
    if isinstance(document, list):
        return [number for part in document for number in numbers_in(part)]
    return [document] if isinstance(document, float) else []


@pytest.mark.parametrize("n_dates", [1, 2, 9, 10, 25])
def test_short_runs_have_what_can_be_computed_and_no_more(n_dates):
    results = [Result(name, series(i, n_dates=n_dates)) for i, name in enumerate("ABX")]
    found = against_baseline({"": results}, Baseline("X", ("X",), 3))
    assert all(math.isfinite(number) for number in numbers_in(found))
    json.dumps(found, allow_nan=False)
    assert (found["comparisons"][0]["p_value"] is None) is (n_dates < 10)
    assert bool(found["together"]) is (n_dates >= 10)


@pytest.mark.parametrize("constant", ["A", "X"])
def test_a_strategy_in_cash_has_no_ratio_and_disturbs_nobody(constant):
    results = [
        Result(name, 0 * series(i) if name == constant else series(i))
        for i, name in enumerate("ABX")
    ]
    found = against_baseline({"": results}, Baseline("X", ("X",), 3))
    json.dumps(found, allow_nan=False)
    records = {record["first"]: record for record in found["comparisons"]}
    assert records[constant]["first_sharpe"] is None
    assert records[constant]["deflated"] is None
    assert records["A"]["difference"] is None
    assert records["A"]["finding"] == "undefined"
    if constant == "A":
        assert records["B"]["p_value"] is not None
        assert found["together"][0]["n_strategies"] == 1
    else:
        assert found["together"] == []


def test_a_baseline_alone_is_compared_with_nothing():
    found = against_baseline({"": [Result("X", series(0))]}, Baseline("X", ("X",), 1))
    (record,) = found["comparisons"]
    assert record["role"] == "baseline"
    assert record["deflated"] == pytest.approx(record["probability"], abs=1e-12)
    assert found["together"] == []


def test_the_seed_decides_every_byte():
    results = [Result(name, series(i)) for i, name in enumerate("ABX")]
    texts = [
        json.dumps(against_baseline({"": results}, Baseline("X", ("X",), 3, seed=seed)))
        for seed in (1, 1, 2)
    ]
    assert texts[0] == texts[1]
    assert json.loads(texts[0])["comparisons"] != json.loads(texts[2])["comparisons"]


def test_a_strategy_that_is_truly_better_is_found_and_a_worse_one_too():
    results = [
        Result("Good", series(0, mean=3e-3)),
        Result("Bad", series(1, mean=-2e-3)),
        Result("X", series(2)),
    ]
    found = against_baseline({"": results}, Baseline("X", ("X",), 3))
    assert [record.get("finding") for record in found["comparisons"]] == ["better", "worse", None]
    (judged,) = found["together"]
    assert judged["best"] == "Good"
    assert judged["spa_p_value"] < 0.05
    assert judged["confidence_set"] == ["Good"]
