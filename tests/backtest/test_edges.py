import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from helpers import make_market, make_prices

import blportfolio as bl
from blportfolio.features import Momentum
from blportfolio.report.tables import remarks, summary_records


@dataclass(frozen=True)
class Ledger:
    """A prior that writes down everything it was told had been realised."""

    def initial_state(self, assets):
        return {"seen": [], "assets": list(assets)}

    def update(self, state, window):
        told = [] if window.realised is None else list(window.realised.index)
        rows = {} if window.realised is None else window.realised.sum().to_dict()
        return {**state, "seen": [*state["seen"], (window.as_of, told, rows)]}

    def fit(self, window, state=None):
        TOLD.append(state["seen"][-1])
        return bl.HistoricalPrior().fit(window)


TOLD = []


@pytest.fixture(autouse=True)
def forget():
    TOLD.clear()


def test_a_learning_prior_hears_of_every_period_even_with_a_short_lookback():
    market = make_market(1, 300, 3)
    result = bl.run_backtest(
        bl.Strategy("l", prior=Ledger(), lookback=20, rebalance="quarterly"), market
    )
    heard = [date for _, told, _ in TOLD for date in told]
    first, last = result.weights.index[0], result.weights.index[-1]
    assert heard == list(market.dates[(market.dates > first) & (market.dates <= last)])
    assert TOLD[0][1] == []


def test_a_learning_prior_hears_of_a_loss_before_a_delisting():
    prices = make_prices(2, 300, 3)
    prices.iloc[130:135, 2] *= 0.3
    prices.iloc[135:, 2] = np.nan
    bl.run_backtest(
        bl.Strategy("l", prior=Ledger(), lookback=40, rebalance=40), bl.MarketData(prices)
    )
    at_160 = next(rows for as_of, _, rows in TOLD if as_of == prices.index[160])
    expected = prices["A2"].pct_change(fill_method=None).iloc[121:135].sum()
    assert at_160["A2"] == pytest.approx(expected, rel=1e-12)
    assert expected < -0.5
    after = next(rows for as_of, _, rows in TOLD if as_of == prices.index[200])
    assert set(after) == {"A0", "A1"}


@pytest.mark.parametrize("schedule", ["month_end", 17])
def test_a_replay_with_the_same_start_has_the_same_history(schedule):
    market = make_market(3, 300, 3)
    start = market.dates[150]
    strategy = bl.Strategy("l", prior=Ledger(), lookback=40, rebalance=schedule)
    result = bl.run_backtest(strategy, market, start=start)
    date = result.weights.index[3]
    state = bl.replay_state(
        Ledger(), market, as_of=date, schedule=schedule, start=start, lookback=40
    )
    assert [as_of for as_of, _, _ in state["seen"]] == list(result.weights.index[:4])
    assert state["seen"] == TOLD[:4]


class Reversed:
    """The historical prior with its assets the other way round."""

    def fit(self, window):
        found = bl.HistoricalPrior().fit(window)
        back = slice(None, None, -1)
        return bl.ReturnDistribution(
            found.mean[back],
            found.covariance[back, back],
            found.mean_covariance[back, back],
            found.assets[::-1],
        )


def test_a_distribution_is_read_by_label_not_by_position():
    market = make_market(4, 200, 4)
    plain, back = (
        bl.run_backtest(bl.Strategy("m", prior=prior, lookback=60), market)
        for prior in (bl.HistoricalPrior(), Reversed())
    )
    pd.testing.assert_frame_equal(plain.weights, back.weights, rtol=0, atol=1e-12)


def test_a_distribution_for_other_assets_is_refused():
    class Fewer:
        def fit(self, window):
            return bl.ReturnDistribution([0.1], [[1.0]], [[0.0]], window.assets[:1])

    with pytest.raises(bl.DataError, match=r"prior's distribution.*lacks 'A1'"):
        bl.run_backtest(bl.Strategy("m", prior=Fewer(), lookback=60), make_market(4, 200, 3))


def test_views_of_a_prior_without_an_array_core_are_recorded(sample_market):
    class Plain:
        def fit(self, window):
            return bl.SharedLatentPrior().fit(window)

    plans = [
        bl.Strategy("s", prior=prior, features=["momentum"], lookback=252)
        for prior in (Plain(), bl.SharedLatentPrior())
    ]
    first, second = (bl.run_backtest(p, sample_market, start="2021-06-01") for p in plans)
    assert len(first.views) == len(second.views) > 0
    np.testing.assert_allclose(first.views["view"], second.views["view"], rtol=1e-9)


def test_decisions_without_a_view_are_noted_and_remarked():
    prices = make_prices(5, 400, 3)
    prices.iloc[:150, 2] = np.nan
    strategy = bl.Strategy(
        "s", prior=bl.SharedLatentPrior(), features=[Momentum((60,))], lookback=100
    )
    result = bl.run_backtest(strategy, bl.MarketData(prices))
    notes = result.notes[result.notes["kind"].isin(["views", "no views"])]
    assert notes["message"].iloc[0] == "No asset has a view."
    none = notes["message"] == "No asset has a view."
    assert set(notes.loc[none, "kind"]) == {"no views"}
    assert set(notes.loc[~none, "kind"]) == {"views"}
    counts = notes.drop_duplicates(["date", "kind"])["kind"].value_counts()
    total = len(result.weights)
    assert remarks(summary_records([result])) == [
        f"s had no view at all at {counts['no views']} of {total} decisions.",
        f"s lacked a view on some asset at {counts['views']} of {total} decisions.",
    ]
    assert "No view on A2." in set(notes["message"])
    late = notes["date"].iloc[-1]
    assert late < result.weights.index[-1]
    blind = result.views[(result.views["view_on"] == "A2") & (result.views["date"] <= late)]
    assert blind.empty


def test_a_view_on_an_asset_that_is_not_listed_yet_waits():
    prices = make_prices(6, 400, 3)
    prices.iloc[:200, 2] = np.nan
    prior = bl.BlackLittermanPrior((bl.View({"A2": 1.0}, 0.001), bl.View({"A0": 1.0}, 0.001)))
    market = bl.MarketData(prices)
    result = bl.run_backtest(bl.Strategy("v", prior=prior, lookback=60), market)
    listed = result.weights.index[result.weights["A2"] > 0][0]
    counts = result.views.groupby("date").size()
    assert (counts[counts.index < listed] == 1).all()
    assert (counts[counts.index >= listed] == 2).all()
    assert "left out" in result.notes.loc[result.notes["kind"] == "views", "message"].iloc[0]
    assert "doubt" not in set(result.notes["kind"])
    unknown = bl.BlackLittermanPrior((bl.View({"A9": 1.0}, 0.001),))
    with pytest.raises(bl.DataError, match=r"not in the data\. Known: A0, A1, A2"):
        bl.run_backtest(bl.Strategy("v", prior=unknown, lookback=60), market)


def test_an_objective_without_an_array_core_gives_the_same_weights():
    class Plain:
        def solve(self, distribution, *, previous_weights=None):
            weights = bl.MaxSharpe().solve(distribution, previous_weights=previous_weights)
            return weights.iloc[::-1]

    market = make_market(7, 200, 4)
    fast, slow = (
        bl.run_backtest(bl.Strategy("o", objective=objective, lookback=60), market)
        for objective in (bl.MaxSharpe(), Plain())
    )
    pd.testing.assert_frame_equal(fast.weights, slow.weights, rtol=0, atol=1e-12)


def test_an_objective_without_an_array_core_is_told_what_a_fit_would_tell_it():
    class Plain:
        def solve(self, distribution, *, previous_weights=None):  # noqa: ARG002
            mean = distribution.scenarios.mean(axis=0)
            np.testing.assert_allclose(mean, distribution.mean, atol=1e-15)
            assert distribution.periods_per_year == market.periods_per_year
            weights = distribution.mean_series * 0.0
            weights.attrs["solution"] = {"fallback": "cash"}
            return weights

    market = make_market(7, 200, 4)
    result = bl.run_backtest(bl.Strategy("o", objective=Plain(), lookback=60), market)
    notes = result.notes[result.notes["kind"] == "fallback"]
    assert len(notes) == len(result.weights)
    assert set(notes["message"]) == {"Held cash instead."}


def test_several_results_are_summarised_as_rows():
    market = make_market(8, 200, 3)
    results = [
        bl.run_backtest(bl.Strategy(name, lookback=60), market) for name in ("first", "second")
    ]
    table = bl.summarise(results)
    assert list(table.index) == ["first", "second"]
    pd.testing.assert_series_equal(table.loc["first"], bl.summarise(results[0]))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: bl.Strategy("s", prior=bl.HistoricalPrior), "`prior` must be an object"),
        (lambda: bl.Strategy("s", objective=bl.MaxSharpe), "`objective` must be an object"),
        (lambda: bl.Strategy("s", features=["momentm"]), "Did you mean 'momentum'"),
        (lambda: bl.Strategy("s", features=5), "`features` must be a list"),
        (lambda: bl.Strategy("s", lookback=0), "`lookback`"),
        (lambda: bl.Strategy("s", rebalance=2.5), "`rebalance`"),
        (lambda: bl.Strategy("s", rebalance=True), "`rebalance`"),
        (lambda: bl.Strategy("s", cost_bps="ten"), "`cost_bps`"),
        (lambda: bl.Strategy("s", cost_bps=math.nan), "`cost_bps`"),
        (lambda: Momentum(horizons=5), "`horizons`"),
        (lambda: bl.SharedLatentPrior(ridge="a"), "`ridge`"),
    ],
)
def test_a_wrong_part_of_a_strategy_is_named(make, words):
    with pytest.raises(bl.ConfigError, match=words):
        make()


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"market": "prices"}, bl.DataError),
        ({"cost_bps": "ten"}, bl.ConfigError),
        ({"start": 5}, bl.DataError),
        ({"progress": True}, bl.ConfigError),
        ({"feature_progress": True}, bl.ConfigError),
    ],
)
def test_a_wrong_argument_of_a_run_is_named(arguments, error):
    arguments = {"market": make_market(1, 100, 2), **arguments}
    with pytest.raises(error, match=f"`{list(arguments)[-1]}`"):
        bl.run_backtest("equal_weight", arguments.pop("market"), **arguments)


@pytest.mark.parametrize("plot", [bl.plot_growth, bl.plot_drawdown, bl.plot_weights])
@pytest.mark.parametrize("what", ["x", []])
def test_a_chart_of_nothing_is_refused(plot, what):
    with pytest.raises(bl.DataError, match="`results` must be"):
        plot(what)


def test_a_tiny_mean_beside_a_hugely_negative_one_is_still_the_answer():
    from blportfolio.optimise import long_only_max_sharpe

    weights = long_only_max_sharpe([1e-18, -1e-3], np.eye(2), start=[0.0, 1.0])
    assert weights.tolist() == [1.0, 0.0]


def doubtful(views, **options):
    prior = bl.BlackLittermanPrior(views, **options)
    strategy = bl.Strategy("v", prior=prior, lookback=60)
    result = bl.run_backtest(strategy, make_market(1, 250, 3))
    notes = result.notes
    return result, notes.loc[notes["kind"] == "doubt"]


@pytest.mark.parametrize(
    ("views", "words"),
    [
        (["A0 = 20% per year", "A0 = -20% per year"], "contradicts `A0 = 20% per year`"),
        (["A0 = 2% per year", "2*A0 = 4% per year"], "says again what"),
        (["A1 = 2% per year", "A0 - [G] = 2% per year"], "cancel one another"),
    ],
)
def test_a_doubt_is_noted_once_and_printed_beside_the_table(views, words):
    result, doubts = doubtful(views, groups={"G": ["A0"]})
    assert len(result.weights) > 3
    (message,) = doubts["message"]
    assert words in message
    assert doubts["date"].iloc[0] == result.weights.index[0]
    assert not set(result.notes["kind"]) & {"views", "no views"}
    (record,) = summary_records([result])
    assert record["skipped"] == [message]
    assert remarks([record]) == [f"v: {message}"]


def test_a_view_of_absurd_size_is_one_doubt_for_all_decisions():
    _, doubts = doubtful(["A0 = 8%"])
    assert len(doubts) == 1


def test_a_decision_without_any_view_is_told_from_one_that_lacks_some():
    prices = make_prices(6, 400, 3)
    prices.iloc[:200, 2] = np.nan
    for views, kind, sentence in (
        (["A2 = 1% per year"], "no views", "v had no view at all at"),
        (["A2 = 1% per year", "A0 = 1% per year"], "views", "v lacked a view on some asset at"),
    ):
        strategy = bl.Strategy("v", prior=bl.BlackLittermanPrior(views), lookback=60)
        result = bl.run_backtest(strategy, bl.MarketData(prices))
        noted = result.notes[result.notes["kind"].isin(["views", "no views", "doubt"])]
        early = (result.weights["A2"] == 0).sum()
        assert set(noted["kind"]) == {kind}
        assert noted["message"].str.contains("not all its assets are eligible").all()
        (said,) = remarks(summary_records([result]))
        assert said.startswith(f"{sentence} {len(noted)} of {len(result.weights)} ")
        assert len(noted) <= early
