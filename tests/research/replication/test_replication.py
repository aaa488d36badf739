"""A small replication from prices to page."""

import dataclasses
import json
import math

import numpy as np
import pandas as pd
import pytest
from helpers import make_prices

import blportfolio as bl
from blportfolio.errors import ConfigError, DataError
from blportfolio.report import metrics
from blportfolio.research.paper.steps import LITERAL, MARKOWITZ
from blportfolio.research.replication import (
    PAPERS,
    STRATEGIES,
    ReplicationSettings,
    replicate,
    replication_study,
    weigh_evidence,
)
from blportfolio.research.replication.decomposition import average_steps
from blportfolio.research.replication.tables import benchmarks, our_figures


def test_everything_runs_over_the_same_period_and_counts_from_the_start_asked_for(small):
    found, day = small.found, small.market.dates
    earlier = day[(day.to_period("M") < day[100].to_period("M"))]
    assert found.first_decision == earlier[-1]
    assert found.measured_from == day[100]
    assert found.last_held == day[-1]  # an end after the data is no error
    for name in STRATEGIES:
        for lookback in small.settings.lookbacks:
            assert found.returns(name, lookback).index.equals(day[100:])
            assert found.backtests[name, lookback].weights.index[0] == found.first_decision
    for lookback in small.settings.lookbacks:
        assert found.literal(lookback).result.weights.index[0] == found.first_decision


def test_only_members_are_held_and_what_never_is_one_is_a_benchmark(small):
    for result in small.found.backtests.values():
        assert (result.weights["A4"] == 0).all()
        assert (result.weights.loc[result.weights.index > small.market.dates[300], "A1"] == 0).all()
    assert list(benchmarks(small.found)) == ["A4"]
    own = our_figures(small.found)["A4", None]
    prices = small.market.prices["A4"]
    growth = prices.iloc[-1] / prices.iloc[99]
    assert own.cumulative_return == pytest.approx(growth - 1)
    days = (small.market.dates[-1] - small.market.dates[99]).days
    assert own.cagr == pytest.approx(growth ** (365.25 / days) - 1)
    assert own.published_cagr == pytest.approx(growth ** (252 / days) - 1)


def test_figures_in_the_paper_s_accounting_match_a_plain_loop(small):
    weights = small.found.markowitz(40).result.weights
    returns = small.market.returns().fillna(0)
    earned, moved, previous = [], [], None
    for date, row in returns.iterrows():
        decided = weights.index[weights.index < date]
        if len(decided) and date >= small.found.measured_from:
            earned.append(float((weights.loc[decided[-1]] * row).sum()))
    for _, target in weights.iterrows():
        if previous is not None:
            moved.append(0.5 * float((target - previous).abs().sum()))
        previous = target
    own = our_figures(small.found)["MV", 40]
    assert own.sharpe_ratio == pytest.approx(np.mean(earned) / np.std(earned, ddof=1) * 252**0.5)
    assert own.volatility == pytest.approx(np.std(earned, ddof=1) * 252**0.5)
    assert own.turnover == pytest.approx(np.mean(moved))
    assert own.cumulative_return == pytest.approx(np.prod(1 + np.array(earned)) - 1)


def test_the_differences_of_the_chain_add_up_to_the_difference_of_its_ends(small):
    steps = average_steps(small.found)
    chain = [one for one in steps.values() if one.step.in_chain]
    total = sum(one.difference.value for one in chain[1:])
    assert total == pytest.approx(chain[-1].sharpe - chain[0].sharpe)
    moved = sum(one.turnover_change for one in chain[1:])
    assert moved == pytest.approx(chain[-1].turnover - chain[0].turnover)
    assert chain[0].step.name == MARKOWITZ
    assert chain[1].step.name == LITERAL


def test_own_results_are_those_of_the_packaged_strategy_net_of_costs(small):
    strategy = bl.load_strategy("min_variance").model_copy(
        update={"lookback": 50, "rebalance": "month_end", "cost_bps": 10.0}
    )
    own = bl.run_backtest(strategy, small.market, start=small.found.first_decision)
    standing = small.evidence.standings["min_variance", 50]
    counted = own.returns[own.returns.index >= small.found.measured_from]
    assert standing.sharpe.value == pytest.approx(metrics.sharpe_ratio(counted))
    assert standing.turnover == pytest.approx(metrics.mean_turnover(own.turnover))
    wealth = np.append(1, (1 + counted).cumprod())
    deepest = (wealth / np.maximum.accumulate(wealth) - 1).min()
    assert standing.max_drawdown == pytest.approx(deepest)
    base = small.evidence.standings["equal_weight", 50].sharpe.value
    assert standing.difference.value == pytest.approx(standing.sharpe.value - base)
    assert small.evidence.standings["equal_weight", 50].difference is None


def test_growth_a_year_counts_the_days_of_the_returns_that_count(small):
    for (name, lookback), standing in small.evidence.standings.items():
        growth = (1 + small.found.returns(name, lookback)).prod()
        days = (small.market.dates[-1] - small.market.dates[99]).days
        assert standing.cagr == pytest.approx(growth ** (365.25 / days) - 1)


def test_averages_are_means_over_windows_and_ratios_of_means(small):
    averages = small.evidence.averages
    for name in STRATEGIES:
        each = [small.evidence.standings[name, n] for n in small.settings.lookbacks]
        assert averages[name].sharpe == pytest.approx(np.mean([s.sharpe.value for s in each]))
        assert averages[name].turnover == pytest.approx(np.mean([s.turnover for s in each]))
    ratio = averages["equal_weight"].turnover / averages["markowitz"].turnover
    assert averages["equal_weight"].turnover_over_markowitz == pytest.approx(ratio)
    gap = averages["view_free"].sharpe - averages["min_variance"].sharpe
    assert averages["min_variance"].behind.value == pytest.approx(gap)


def test_the_page_says_what_its_tables_say(small):
    study = small.study
    assert "+49.8 % Sharpe ratio and -55.1 % turnover" in study.lead[0]
    assert "small" in study.lead[0]
    table = next(s.table for s in study.sections if s.heading.startswith("Our own result"))
    own = dict(zip(table.headings, table.rows[0], strict=True))
    assert f"Sharpe ratio of {own['Sharpe']} and {own['Turnover %']} % turnover" in study.lead[2]
    risk = next(s.table for s in study.sections if s.heading.endswith("risk"))
    rows = {row[0]: row for row in risk.rows}
    assert rows["BL(100d)"][1] == "0.70"  # Table 1
    assert rows["BL(100d)"][2] == "–"
    assert {"MV(40)", "BL(50d)", "A4"} <= set(rows)
    for section in study.sections:
        if section.table is not None:
            assert all(len(row) == len(section.table.headings) for row in section.table.rows)
    text = " ".join(note for section in study.sections for note in section.notes)
    assert "--published-weights" in " ".join(
        words for section in study.sections for words in section.paragraphs
    )
    assert "Table 6" in str(study.sections)
    assert "calendar days / 252" in text


def test_records_are_json_without_nan_and_hold_every_part(small):
    text = json.dumps(small.study.records, allow_nan=False)
    assert {row["part"] for row in json.loads(text)} == {
        "published",
        "ours, paper's accounting",
        "decomposition",
        "net of costs",
        "net of costs, mean over windows",
        "default less rival",
    }


def test_progress_counts_jobs_to_their_end(small):
    last = {name: (done, total) for name, done, total in small.calls}
    assert {"decomposition, windows of 40", "decomposition, windows of 50", "backtests"} == set(
        last
    )
    assert all(done == total for done, total in last.values())


def test_the_floor_is_called_one_and_needs_a_markowitz_above_zero(small):
    averages = {
        name: dataclasses.replace(one, sharpe_over_markowitz=math.nan, turnover_over_markowitz=0.1)
        for name, one in small.evidence.averages.items()
    }
    evidence = dataclasses.replace(small.evidence, averages=averages)
    lead = replication_study(small.found, evidence).lead
    assert "has no meaning here" in lead[3]
    good = {name: dataclasses.replace(one, sharpe_over_markowitz=1.6) for name, one in
            averages.items()}  # fmt: skip
    lead = replication_study(small.found, dataclasses.replace(evidence, averages=good)).lead
    assert "is cleared: 1.60 times the Sharpe ratio" in lead[3]
    assert "Inverse variance and Minimum variance, without any view, clear it too" in lead[3]


def test_a_period_of_one_decision_claims_no_interval_no_turnover_and_no_floor():
    """Ten days of one month: their error cannot be told from zero, so nothing is significant."""
    prices = make_prices(3, 81, 2)
    market = bl.MarketData(prices, name="brief")
    settings = ReplicationSettings(lookbacks=(50,), n_draws=19)
    found = replicate(PAPERS["dow"], market, settings, is_own_universe=False, n_jobs=1)
    assert len(found.backtests["view_free", 50].weights) == 1
    study = replication_study(found, weigh_evidence(found, n_jobs=1))
    page = " ".join(study.lead)
    assert not {"[", "–"} & set(page)
    assert "too short a period to test any of them" in page
    assert "has no meaning here" in page
    table = study.sections[0].table
    assert {row[-1] for row in table.rows} == {"–"}
    assert {row[5] for row in table.rows} == {"–"}


@pytest.mark.parametrize(
    ("changes", "error", "match"),
    [
        ({"baseline": "nobody"}, ConfigError, "baseline"),
        ({"lookbacks": ()}, ConfigError, "lookbacks"),
        ({"lookbacks": (30, 30)}, ConfigError, "all different"),
        ({"trials": 0}, ConfigError, "trials"),
        ({"start": "2001-09-01", "lookbacks": (40,)}, DataError, "start"),
        ({"start": "2040-01-01", "lookbacks": (40,)}, DataError, "after the last date"),
        ({"lookbacks": (5000,)}, DataError, "lookback of 5000"),
        ({"lookbacks": (15,)}, DataError, "lookback"),
    ],
)
def test_what_cannot_be_run_is_refused_in_one_line(small, changes, error, match):
    with pytest.raises(error, match=match) as caught:
        replicate(PAPERS["dow"], small.market, ReplicationSettings(**changes), n_jobs=1)
    assert "\n" not in str(caught.value)


def test_two_assets_that_are_the_same_do_not_stop_a_replication(small):
    one = small.market.prices["A0"].rename("X")
    market = bl.MarketData(pd.DataFrame({"X": one, "Y": one * 2}), name="twins")
    settings = ReplicationSettings(lookbacks=(40,), n_draws=39)
    found = replicate(PAPERS["dow"], market, settings, is_own_universe=False, n_jobs=1)
    assert found.backtests["view_free", 40].weights.sum(axis=1).iloc[-1] == pytest.approx(1)
