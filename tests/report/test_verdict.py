"""The verdict of an experiment: what it compares, and what it dares to say."""

import re

import numpy as np
import pandas as pd
import pytest
from helpers import make_market

import blportfolio as bl
from blportfolio.report import sharpe_difference
from blportfolio.report.against import Baseline, compare_with_baseline
from blportfolio.report.comparison import compare_pair
from blportfolio.report.verdict import compare, format_comparisons, not_shown, verdict


class Result:
    """What the verdict reads of a backtest."""

    periods_per_year = 252.0

    def __init__(self, name, returns, cost_bps=10.0, rebalance="month_end"):
        self.name, self.returns = name, returns
        self.weights = pd.DataFrame(np.eye(5)[["ABCXY".find(name)]], index=returns.index[:1])
        self.views = pd.DataFrame(columns=["prior", "view", "posterior"], dtype=float)
        self.manifest = {"cost_bps": cost_bps, "rebalance": rebalance}


def results_of(*means, seed=0, own=0.002, **settings):
    """Strategies A, B, … that share a market; the last two are the baselines X and Y."""
    rng = np.random.default_rng(seed)
    dates = pd.date_range("2000-01-03", periods=1500, freq="B")
    common = 0.01 * rng.normal(size=1500)
    names = [*"ABCDE"[: len(means) - 2], "X", "Y"]
    return [
        Result(
            name, pd.Series(mean + common + own * rng.normal(size=1500), index=dates), **settings
        )
        for name, mean in zip(names, means, strict=True)
    ]


def told(*means, **options):
    results = results_of(*means, **options)
    names = [result.name for result in results]
    return verdict(compare(results, names[:-2], names[-2:]))


def test_every_candidate_meets_every_baseline_and_every_other_candidate():
    records = compare(results_of(0, 0, 0, 0, 0), ["A", "B", "C"], ["X", "Y"])
    pairs = [record["first"] + record["second"] for record in records]
    assert pairs == ["AX", "AY", "BX", "BY", "CX", "CY", "AB", "AC", "BC"]
    assert [record["is_baseline"] for record in records] == [True] * 6 + [False] * 3


def test_a_pair_that_the_baseline_s_table_holds_is_neither_computed_nor_shown_twice(monkeypatch):
    results = results_of(0, 0, 0, 0)
    alone = compare(results, ["A", "B"], ["X", "Y"], seed=3)
    known = compare_with_baseline(results, Baseline("Y", ("Y",), 4, seed=3))
    made = []

    def counted(first, second, **options):
        made.append(first.name + second.name)
        return compare_pair(first, second, **options)

    monkeypatch.setattr("blportfolio.report.verdict.compare_pair", counted)
    found = compare(results, ["A", "B"], ["X", "Y"], seed=3, known=known)
    assert found == alone
    assert made == ["AX", "BX", "AB"]
    summary = {"verdict": {"comparisons": found}, "against_baseline": {"comparisons": known}}
    left = [record["first"] + record["second"] for record in not_shown(summary)]
    assert left == ["AX", "BX", "AB"]
    del summary["against_baseline"]  # as in runs of the first version
    assert not_shown(summary) == found


def test_a_candidate_that_is_the_baseline_too_is_shown_once_whichever_comes_first():
    results = results_of(0, 0, 0, 0)
    known = compare_with_baseline(results, Baseline("A", ("A",), 4))
    found = compare(results, ["A", "B"], ["X", "Y"], known=known)
    assert [one["is_baseline"] for one in found] == [True] * 4 + [False]
    summary = {"verdict": {"comparisons": found}, "against_baseline": {"comparisons": known}}
    left = [record["first"] + record["second"] for record in not_shown(summary)]
    assert left == ["BX", "BY"]


def test_the_figures_are_those_of_the_returns_net_of_costs():
    market = make_market(1)
    results = [
        bl.run_backtest(bl.Strategy(name, objective=objective, lookback=60), market)
        for name, objective in (("A", bl.MaxSharpe()), ("X", bl.EqualWeight()))
    ]
    (record,) = compare(results, ["A"], ["X"])
    expected = sharpe_difference(
        results[0].returns, results[1].returns, periods_per_year=results[0].periods_per_year
    )
    assert record["difference"] == expected.value
    assert (record["hac_low"], record["hac_high"]) == (expected.low, expected.high)
    assert record["hac_p_value"] == expected.p_value
    assert record["first_sharpe"] == bl.summarise(results[0])["sharpe_ratio"]


def test_nothing_is_claimed_where_every_interval_holds_zero():
    sentences = told(5e-4, 5e-4, 5e-4, 5e-4, seed=1)
    assert sentences[0] == (
        "Neither A nor B beats X or Y: no interval of a difference of Sharpe ratios lies above 0."
    )
    assert sentences[1].startswith("A and B cannot be told apart: Sharpe ")
    assert sentences[2].startswith("5 comparisons, net of costs")
    assert len(sentences) == 3


def test_the_weight_of_the_views_is_how_far_they_moved_the_expected_returns():
    a, b, x, y = results_of(5e-4, 5e-4, 5e-4, 5e-4, seed=1)
    prior, view = np.array([0.1, 0.2, 0.1]), np.array([0.3, 0.1, 0.1])
    for result, weight in ((a, 0.25), (b, 1e-5)):
        moved = prior + weight * (view - prior)
        result.views = pd.DataFrame({"prior": prior, "view": view, "posterior": moved})
    records = compare([a, b, x, y], ["A", "B"], ["X", "Y"])
    assert records[0]["views_weight"] == pytest.approx(0.25)
    assert verdict(records)[2:4] == [
        "In the expected returns of A its views had 25.0 % of the weight, the prior the rest.",
        "The evidence gave the views of B next to no weight: less than 0.1 % in its expected "
        "returns.",
    ]
    a.views["view"] = a.views["prior"]
    assert compare([a, x, y], ["A"], ["X", "Y"])[0]["views_weight"] is None


def test_a_candidate_that_is_better_beyond_chance_beats_and_the_other_does_not():
    sentences = told(14e-4, 5e-4, 5e-4, 5e-4)
    assert [s.split(":")[0] for s in sentences[:-1]] == [
        "A beats X", "A beats Y", "B does not beat X", "B does not beat Y", "A beats B",
    ]  # fmt: skip


def test_a_candidate_that_is_worse_is_called_worse():
    sentences = told(-5e-4, 5e-4, 5e-4)
    assert sentences[0].startswith("A does not beat X or Y: no interval")
    assert [s.split(":")[0] for s in sentences[1:3]] == ["A is worse than X", "A is worse than Y"]


def test_many_pairs_of_candidates_without_a_finding_share_a_sentence():
    same = [5e-4] * 6
    sentences = told(*same, seed=1)
    assert sentences[1] == "6 of 6 pairs of the candidates themselves cannot be told apart."
    assert not any("told apart: " in sentence for sentence in sentences)
    better = told(5e-4, 5e-4, 5e-4, 30e-4, 5e-4, 5e-4, seed=1)
    assert "3 of 6" not in " ".join(better)  # three are told one by one
    assert sum(" cannot be told apart: " in sentence for sentence in better) == 3
    assert sum(sentence.startswith("A is worse than D") for sentence in better) == 1


def test_three_candidates_are_listed():
    assert told(5e-4, 5e-4, 5e-4, 5e-4, 5e-4)[0].startswith("None of A, B and C beats X or Y:")


@pytest.mark.parametrize("seed", range(4))
def test_beats_is_said_exactly_where_the_interval_lies_above_zero(seed):
    results = results_of(7e-4, 6e-4, 5e-4, 5e-4, seed=seed)
    records = compare(results, ["A", "B"], ["X", "Y"])
    sentences = verdict(records)
    for record in records:
        claim = f"{record['first']} beats {record['second']}:"
        assert any(s.startswith(claim) for s in sentences) is (record["low"] > 0)
        assert (record["finding"] == "worse") is (record["high"] < 0)


def test_strategies_on_other_schedules_are_not_compared():
    results = results_of(5e-4, 5e-4, 5e-4)
    daily = results_of(5e-4, 5e-4, 5e-4, rebalance="day")[1]
    records = compare([results[0], daily, results[2]], ["A"], ["X", "Y"])
    assert [record["second"] for record in records] == ["Y"]


def test_rows_that_pay_other_costs_are_not_compared():
    free = results_of(5e-4, 5e-4, 5e-4, cost_bps=0.0)[0]
    paying = results_of(5e-4, 5e-4, 5e-4)[1:]
    assert compare([free, *paying], ["A"], ["X", "Y"]) == []
    assert verdict([]) == []


def test_a_strategy_without_a_ratio_is_neither_better_nor_worse():
    results = results_of(5e-4, 5e-4, 5e-4)
    results[0].returns = 0 * results[0].returns
    records = compare(results, ["A"], ["X", "Y"])
    assert {record["finding"] for record in records} == {"undefined"}
    assert records[0]["difference"] is None
    assert verdict(records)[0].startswith("A does not beat X or Y")
    assert format_comparisons(records)[0][1:] == (
        "n/a", records_text(records[0]["second_sharpe"]), "n/a [n/a, n/a]", "n/a", "100.0 %",
        "no ratio",
    )  # fmt: skip


def records_text(value):
    return f"{value:.2f}"


def nearly(result, other, share):
    """Give a result the portfolio of another, but for a share of it."""
    result.weights = (1 - share) * other.weights + share * result.weights
    return result


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (0.0, "A held the very portfolio of X"),
        (1e-5, "A held nearly the portfolio of X: less than 0.1 % of it differed"),
        (0.012, "A held nearly the portfolio of X: 1.2 % of it differed"),
        (0.03, None),
    ],
)
def test_nearly_the_portfolio_of_another_is_said_to_be_that(share, words):
    a, b, x, y = results_of(5e-4, 5e-4, 5e-4, 5e-4, seed=1)
    records = compare([nearly(a, x, share), b, x, y], ["A", "B"], ["X", "Y"])
    assert records[0]["weights_apart"] == pytest.approx(share, abs=1e-12)
    assert records[1]["weights_apart"] == pytest.approx(1.0)
    found = [sentence for sentence in verdict(records) if " held " in sentence]
    assert found == ([] if words is None else [f"{words}."])


@pytest.mark.parametrize(
    ("own", "text"),
    [(2e-3, r"-?0\.\d{2}"), (5e-5, r"-?0\.\d{3}"), (5e-7, r"-?0\.\d{5}")],
)
def test_a_difference_is_shown_with_the_digits_that_its_interval_needs(own, text):
    records = compare(results_of(5e-4, 5e-4, 5e-4, own=own), ["A"], ["X", "Y"])
    shown = format_comparisons(records)[0][3]
    assert re.fullmatch(rf"{text} \[{text}, {text}\]", shown)
    assert float(shown.split()[0]) == pytest.approx(records[0]["difference"], abs=own * 5)


def test_equal_returns_and_the_rounding_of_solvers_are_no_difference():
    a, x, y = results_of(5e-4, 5e-4, 5e-4)
    a.returns = x.returns + 1e-12
    (near, _) = compare([a, x, y], ["A"], ["X", "Y"])
    assert near["low"] > 0
    a.returns = x.returns
    (equal, _) = compare([a, x, y], ["A"], ["X", "Y"])
    assert near["finding"] == equal["finding"] == "open"
    assert format_comparisons([near])[0][3] == format_comparisons([equal])[0][3]
    assert format_comparisons([equal])[0][3] == "0.00 [0.00, 0.00]"


def test_several_universes_are_told_one_by_one_and_together():
    records = []
    for seed, universe in enumerate(["stocks", "industries"], start=1):
        found = compare(results_of(5e-4, 5e-4, 5e-4, 5e-4, seed=seed), ["A", "B"], ["X", "Y"])
        records += [{**record, "universe": universe} for record in found]
    sentences = verdict(records)
    assert sentences[0] == "On none of 2 universes does A or B beat X or Y."
    assert sentences[1].startswith("stocks: Neither A nor B beats X or Y")
    assert sentences[3].startswith("industries: Neither")
    assert format_comparisons(records)[0][0] == "stocks: A less X"
