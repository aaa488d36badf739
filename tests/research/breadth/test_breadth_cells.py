import math

import numpy as np
import pandas as pd
import pytest

from blportfolio.errors import DataError
from blportfolio.report.inference import sharpe_difference
from blportfolio.research.breadth import (
    Breadth,
    Run,
    Settings,
    UniversePlan,
    claim_mean,
    claim_rows,
    claim_words,
    compare_cells,
    count_cells,
)
from blportfolio.research.breadth.cells import by_decade, short_decades
from blportfolio.research.breadth.claim import Gap, holds
from blportfolio.research.breadth.floor import floors

YEARS = {"a": 22, "b": 12}


def made(seed=0, *, edge=None, failing=(), n_draws=199):
    """A breadth of made-up monthly returns: `edge` is added to Ours, by universe."""
    rng = np.random.default_rng(seed)
    settings = Settings(
        windows=(50,), coarse_windows=(12, 24), costs=(0, 10), n_draws=n_draws, seed=1
    )
    plans, runs = {}, {}
    for universe, years in YEARS.items():
        dates = pd.date_range("1995-01-31", periods=12 * years, freq="ME")
        plans[universe] = UniversePlan(universe, (12, 24), 12, dates[0], 12.0, 3)
        shared = rng.normal(0.006, 0.04, len(dates))
        for window in (12, 24):
            for cost in settings.costs:
                for name in ("Ours", "Base", "Twin"):
                    values = shared.copy()
                    if name == "Ours":
                        values += rng.normal((edge or {}).get(universe, 0.0), 0.01, len(dates))
                    failed = "no solution" if (universe, name) in failing else ""
                    returns = pd.Series(values, dates)
                    runs[universe, window, float(cost), name] = Run(
                        universe,
                        name,
                        window,
                        float(cost),
                        pd.Series(dtype=float) if failed else returns,
                        math.nan if failed else (0.2 if name == "Ours" else 0.4),
                        12.0,
                        failed,
                    )
    return Breadth(settings, ("Ours", "Base", "Twin"), plans, runs)


def test_cells_are_whole_periods_and_decades_of_three_years_or_more():
    cells = compare_cells(made(), baselines=["Base"], strategies=["Ours"])
    found = cells.groupby("universe")["period"].agg(lambda column: sorted(set(column)))
    assert found["a"] == ["1990s", "2000s", "2010s", "whole"]
    assert found["b"] == ["1990s", "2000s", "whole"]
    assert len(cells) == 2 * 2 * (4 + 3)
    years = cells.set_index(["universe", "period"])["n_periods"]
    assert set(years["a", "2000s"]) == {120}
    assert set(years["a", "2010s"]) == {84}


def test_decades_that_are_too_short_are_named():
    breadth = made()
    assert short_decades(breadth) == ()
    short = Breadth(
        Settings(coarse_windows=(12, 24), costs=(0, 10), min_years=8),
        breadth.strategies,
        breadth.plans,
        breadth.runs,
    )
    assert short_decades(short) == ("a 1990s", "a 2010s", "b 1990s", "b 2000s")


def test_a_cell_is_the_test_of_the_cut_returns():
    breadth = made()
    cells = compare_cells(breadth, baselines=["Base"], strategies=["Ours"])
    row = cells[(cells["universe"] == "a") & (cells["window"] == 24) & (cells["cost_bps"] == 10)]
    row = row[row["period"] == "2000s"].iloc[0]
    ours, base = (
        breadth.runs["a", 24, 10.0, name].returns.loc["2000":"2009"] for name in ("Ours", "Base")
    )
    expected = sharpe_difference(ours, base, periods_per_year=12)
    assert row["difference"] == expected.value
    assert row["p_value"] == expected.p_value
    assert row["sharpe_ratio"] == pytest.approx(ours.mean() / ours.std() * math.sqrt(12))


def test_strategies_that_are_the_same_neither_win_nor_lose():
    cells = compare_cells(made(), baselines=["Twin"], strategies=["Base"])
    assert set(cells["outcome"]) == {"equal"}
    counted = count_cells(cells).iloc[0]
    assert counted["n_cells"] == len(cells)
    assert counted["n_better"] == counted["n_worse"] == 0
    breadth = made()
    row = claim_rows(breadth, "Base", "Twin")[0]
    assert row.at_window.value == 0
    assert not row.at_window.is_surely_below
    mean = claim_mean(breadth, "Base", "Twin")
    assert holds(claim_rows(breadth, "Base", "Twin"), mean)


def test_rounding_is_no_victory():
    breadth = made()
    key = ("a", 12, 0.0, "Twin")
    run = breadth.runs[key]
    nearly = Run(
        run.universe, run.strategy, run.window, run.cost_bps,
        run.returns * (1 + 1e-15) + 1e-18, run.turnover, run.periods_per_year,
    )  # fmt: skip
    changed = Breadth(
        breadth.settings, breadth.strategies, breadth.plans, {**breadth.runs, key: nearly}
    )
    cells = compare_cells(changed, baselines=["Base"], strategies=["Twin"])
    assert set(cells["outcome"]) == {"equal"}


@pytest.mark.parametrize("by", [[], ["universe"], ["window"], ["cost_bps"], ["period"]])
def test_counts_add_up_however_they_are_split(by):
    cells = compare_cells(made(3), baselines=["Base", "Twin"])
    counted = count_cells(cells, by)
    for (strategy, baseline), rows in counted.groupby(["strategy", "baseline"]):
        own = cells[(cells["strategy"] == strategy) & (cells["baseline"] == baseline)]
        assert rows["n_cells"].sum() == len(own)
        assert rows["n_better"].sum() == (own["difference"] > 1e-9).sum()
        assert rows["n_worse"].sum() == (own["difference"] < -1e-9).sum()
        sure = own[own["p_value"] < 0.05]
        assert rows["n_surely_better"].sum() == (sure["difference"] > 1e-9).sum()
        assert rows["n_surely_worse"].sum() == (sure["difference"] < -1e-9).sum()


def test_one_s_victories_are_the_other_s_defeats():
    counted = count_cells(compare_cells(made(4), baselines=["Ours", "Base"]))
    rows = counted.set_index(["strategy", "baseline"])
    assert rows.loc[("Ours", "Base"), "n_better"] == rows.loc[("Base", "Ours"), "n_worse"]
    assert (
        rows.loc[("Ours", "Base"), "n_surely_better"]
        == rows.loc[("Base", "Ours"), "n_surely_worse"]
    )


def test_a_failure_is_counted_apart_and_its_sentence_is_kept():
    breadth = made(failing=[("b", "Ours")])
    cells = compare_cells(breadth, baselines=["Base"], strategies=["Ours"])
    failed = cells[cells["outcome"] == "failed"]
    assert len(failed) == 4  # windows × costs
    assert set(failed["failure"]) == {"no solution"}
    counted = count_cells(by_decade(cells), ["universe"]).set_index("universe")
    assert counted.loc["b", "n_failed"] == 4
    assert counted.loc["b", "n_cells"] == 0
    assert math.isnan(counted.loc["b", "share_better"])
    rows = claim_rows(breadth, "Ours", "Base")
    assert rows[1].failure == "no solution"
    mean = claim_mean(breadth, "Ours", "Base")
    assert mean.n_universes == 1
    words = claim_words("Ours", [(rows, mean)], cost=10)[1]
    assert "on a alone; no figure for b" in words


def test_the_claim_holds_for_what_is_better_and_not_for_what_is_worse():
    for edge, outcome in ((0.006, True), (-0.006, False)):
        breadth = made(5, edge={"a": edge, "b": edge})
        rows, mean = claim_rows(breadth, "Ours", "Base"), claim_mean(breadth, "Ours", "Base")
        assert holds(rows, mean) is outcome
        words = " ".join(claim_words("Ours", [(rows, mean)], cost=10))
        assert ("does not hold at 10 bp" in words) is not outcome
        assert ("significantly worse on a (" in words) is not outcome


def test_one_universe_that_is_surely_worse_breaks_the_claim_whatever_the_mean():
    breadth = made(6, edge={"a": 0.03, "b": -0.01})
    rows, mean = claim_rows(breadth, "Ours", "Base"), claim_mean(breadth, "Ours", "Base")
    assert mean.at_window.value > 0
    assert rows[1].at_window.is_surely_below
    assert holds(rows, mean) is False


def test_the_mean_weighs_universes_alike_however_many_windows_they_have():
    breadth = made(7, edge={"a": 0.004, "b": 0.001})
    plans = dict(breadth.plans)
    plans["b"] = UniversePlan("b", (12,), 12, plans["b"].start, 12.0, 3)
    fewer = Breadth(breadth.settings, breadth.strategies, plans, breadth.runs)
    rows = claim_rows(fewer, "Ours", "Base")
    mean = claim_mean(fewer, "Ours", "Base")
    assert mean.at_window.value == pytest.approx(np.mean([r.at_window.value for r in rows]))
    assert mean.over_windows.value == pytest.approx(np.mean([r.over_windows.value for r in rows]))


def test_nothing_that_ran_is_no_claim():
    breadth = made(failing=[("a", "Ours"), ("b", "Ours")])
    rows, mean = claim_rows(breadth, "Ours", "Base"), claim_mean(breadth, "Ours", "Base")
    assert holds(rows, mean) is None
    assert "cannot be judged" in claim_words("Ours", [(rows, mean)], cost=10)[0]
    assert mean.at_window == Gap() or math.isnan(mean.at_window.value)


def test_the_floor_is_a_ratio_of_means_over_windows():
    breadth = made(8)
    first = floors(breadth, "Ours", "Base")[0]
    ratios = [breadth.runs["a", w, 10.0, "Ours"].sharpe_ratio for w in (12, 24)]
    assert first.sharpe_ratio == pytest.approx(np.mean(ratios))
    assert first.times_turnover == pytest.approx(0.5)


def test_a_name_that_was_not_run_is_refused():
    with pytest.raises(DataError, match="Nobody"):
        compare_cells(made(), baselines=["Nobody"])
