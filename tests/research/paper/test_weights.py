import numpy as np
import pandas as pd
import pytest
from helpers import paper_weights

import blportfolio as bl
from blportfolio.backtest import Strategy
from blportfolio.errors import DataError
from blportfolio.optimise import long_only_max_sharpe
from blportfolio.research.paper import (
    LiteralPrior,
    PriceLevels,
    compare_weights,
    read_published_weights,
)

ETFS = ("sector_etfs", "sector_etf_ohlcv_2000_2019.csv.gz")


def test_weights_are_compared_with_the_decision_before_the_first_day_held():
    ours = pd.DataFrame(
        {"A": [0.5, 1.0, 0.0], "B": [0.5, 0.0, 1.0]},
        index=pd.DatetimeIndex(["2001-01-31", "2001-02-28", "2001-03-30"]),
    )
    published = pd.DataFrame(
        {"A": [0.25, 0.0, 0.0, 1.0, 0.2], "B": [0.75, 0.0, 0.4, 0.0, 0.8],
         "C": [0.0, 0.0, 0.6, 0.0, 0.0]},
        index=pd.DatetimeIndex(
            ["2001-02-01", "2001-03-01", "2001-04-02", "2001-05-01", "2000-12-01"]
        ),
    ).sort_index()  # fmt: skip
    compared = compare_weights(ours, published)
    assert compared.n_dates == 1
    row = compared.by_date.loc["2001-02-01"]
    assert row["decided"] == pd.Timestamp("2001-01-31")
    assert row["active_share"] == 0.25
    assert row["largest_difference"] == 0.25
    assert np.isnan(compare_weights(ours[["A", "B"]], published).by_date["correlation"]).sum() == 0
    assert compared.left_out.to_dict() == {
        pd.Timestamp("2000-12-01"): "no decision of ours",
        pd.Timestamp("2001-03-01"): "no published weights",
        pd.Timestamp("2001-04-02"): "holds an asset that these data lack",
        pd.Timestamp("2001-05-01"): "no decision of ours",
    }


def test_weights_without_a_date_in_common_are_refused():
    ours = pd.DataFrame({"A": [1.0]}, index=pd.DatetimeIndex(["2001-01-31"]))
    with pytest.raises(DataError, match=r"no decision of ours on 1\. .* first day held"):
        compare_weights(ours, ours)
    other = pd.DataFrame({"B": [1.0]}, index=pd.DatetimeIndex(["2001-02-01"]))
    with pytest.raises(DataError, match="holds an asset that these data lack on 1"):
        compare_weights(ours, other)


def test_sample_markowitz_has_the_published_weights(dev_market):
    """The schedule, the window and the optimiser are those of the study, to five digits."""
    published = read_published_weights(paper_weights("mv"))
    market = dev_market(*ETFS)
    ours = bl.run_backtest(Strategy("Markowitz", lookback=100), market).weights
    compared = compare_weights(ours, published)
    assert compared.n_dates == 185
    assert compared.by_date["largest_difference"].median() < 1e-5
    assert compared.by_date["largest_difference"].max() < 1e-4
    assert compared.left_out.value_counts().to_dict() == {
        "no decision of ours": 11,  # before 2000-06 these data have no window
        "holds an asset that these data lack": 10,  # XLRE
        "no published weights": 6,  # no mean is positive
    }


def literal_weights(market, levels, dates, regression):
    rows = {}
    prior = LiteralPrior(levels, regression=regression)
    for date in dates:
        fitted = prior.fit(bl.make_window(market, as_of=date, lookback=100))
        rows[date] = pd.Series(
            long_only_max_sharpe(fitted.mean, fitted.covariance), index=list(fitted.assets)
        )
    return pd.DataFrame(rows).T.reindex(columns=list(market.assets)).fillna(0.0)


def test_the_literal_pipeline_has_the_published_weights_but_for_the_vintage_of_prices(dev_market):
    """Every other year: adjusted levels depend on the day of download, weights with them."""
    published = read_published_weights(paper_weights("bl"))
    market = dev_market(*ETFS)
    levels = PriceLevels.of(market)
    rows = market.dates.searchsorted(published.loc["2000-06":"2015-11"].index) - 1
    dates = market.dates[rows[::24]]
    apart = {
        regression: compare_weights(
            literal_weights(market, levels, dates, regression), published
        ).by_date
        for regression in ("svr", "none")
    }
    median = {name: frame["active_share"].median() for name, frame in apart.items()}
    assert len(apart["svr"]) == 8
    assert median["svr"] < 0.05
    assert apart["svr"]["correlation"].median() > 0.99
    assert median["svr"] < 0.7 * median["none"] < 0.7 * 0.16
