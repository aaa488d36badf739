"""Charts of the portfolio pages: what they draw, and that the same name looks the same."""

import itertools

import numpy as np
import pandas as pd
import pytest
from helpers import make_market

import blportfolio as bl
from blportfolio.errors import DataError
from blportfolio.report import metrics
from blportfolio.report.charts import PALETTE, to_svg
from blportfolio.report.portfolio import (
    annual_chart,
    annual_returns,
    between,
    cost_chart,
    cost_drag,
    drawdown_chart,
    effective_chart,
    gross_wealth,
    growth_chart,
    looks_of,
    monthly_chart,
    monthly_returns,
    rolling_sharpe,
    rolling_sharpe_chart,
    rolling_volatility_chart,
    turnover_chart,
    weights_chart,
)
from blportfolio.report.portfolio.heatmap import monthly_long
from blportfolio.report.portfolio.recessions import MONTHS, recessions

NAMES = ["max.sharpe [a]", "equal"]


@pytest.fixture(scope="module")
def results():
    market = make_market(1, n_dates=700, n_assets=10)
    objectives = bl.MaxSharpe(), bl.EqualWeight()
    return [
        bl.run_backtest(bl.Strategy(name, objective=objective, lookback=60), market)
        for name, objective in zip(NAMES, objectives, strict=True)
    ]


ALL = {
    "growth": lambda results: growth_chart(results),
    "growth, before costs, linear": lambda results: growth_chart(results, net=False, log=False),
    "drawdown": lambda results: drawdown_chart(results, shaded=True),
    "rolling Sharpe ratio": lambda results: rolling_sharpe_chart(results, 60),
    "rolling volatility": lambda results: rolling_volatility_chart(results, 60, net=False),
    "years": lambda results: annual_chart(results),
    "turnover": lambda results: turnover_chart(results[0]),
    "costs": lambda results: cost_chart(results),
    "months": lambda results: monthly_chart(results[0]),
    "weights": lambda results: weights_chart(results[0]),
    "effective assets": lambda results: effective_chart(results),
}


def specification(chart):
    return chart.to_dict(format="vega-lite")


def layer(chart, mark):
    """The data of the first layer with a mark; Altair moves what all layers share to the chart."""
    kinds = [one.mark if isinstance(one.mark, str) else one.mark["type"] for one in chart.layer]
    own = chart.layer[kinds.index(mark)].data
    return own if isinstance(own, pd.DataFrame) else chart.data


@pytest.mark.parametrize("name", list(ALL))
def test_a_chart_has_a_title_and_named_axes_and_is_drawn_without_a_browser(name, results):
    chart = ALL[name](results)
    document = specification(chart)
    assert document["title"]
    titles = [
        encoding["y"].get("title")
        for encoding in (one.get("encoding", {}) for one in document["layer"])
        if "y" in encoding
    ]
    # Names of strategies and years need no title of their axis.
    assert any(titles) or name in ("costs", "months")
    assert to_svg(chart).startswith("<svg")
    text = str(document).lower()
    assert "black" not in text
    assert "#000000" not in text


def test_lines_end_at_the_figures_of_the_table(results):
    drawn = layer(growth_chart(results), "line")
    for result in results:
        own = drawn[drawn["name"] == result.name].set_index("date")["value"]
        assert own.iloc[0] == 1
        assert own.iloc[-1] == result.wealth.iloc[-1]
        assert own.index[-1] == result.wealth.index[-1]
        np.testing.assert_array_equal(own, result.wealth.loc[own.index])
    drawn = layer(growth_chart(results, net=False), "line")
    last = drawn[drawn["name"] == NAMES[0]]["value"].iloc[-1]
    assert last == gross_wealth(results[0]).iloc[-1]


def test_the_deepest_day_is_drawn_however_long_the_series(results):
    drawn = layer(drawdown_chart(results), "line")
    assert len(drawn) < sum(len(result.wealth) for result in results)
    for result in results:
        own = drawn.loc[drawn["name"] == result.name, "value"]
        assert own.min() == metrics.max_drawdown(result.wealth)
        assert own.max() <= 0


def test_rolling_lines_are_the_rolling_figures(results):
    drawn = layer(rolling_sharpe_chart(results, 60), "line")
    own = drawn[drawn["name"] == NAMES[0]].set_index("date")["value"]
    expected = rolling_sharpe(results[0].returns, 60, 252)
    np.testing.assert_allclose(own, expected.loc[own.index], rtol=1e-12)
    assert "last 60 periods" in rolling_sharpe_chart(results, 60).title.text[1]


def test_the_pointer_tells_every_value_under_names_that_vega_would_misread(results):
    document = specification(growth_chart(results))
    tooltips = [one["encoding"].get("tooltip") for one in document["layer"] if "encoding" in one]
    told = next(tooltip for tooltip in tooltips if tooltip)
    assert [one["title"] for one in told] == ["Date", *NAMES]
    assert not any(mark in one["field"] for one in told for mark in ".[]")


def test_a_name_has_one_look_whatever_else_is_shown(results):
    names = [f"strategy {number}" for number in range(14)]
    looks = looks_of([*names, *names])
    assert len(looks) == len({(look.colour, look.dash) for look in looks.values()}) == 14
    assert [looks[name].colour for name in names[:8]] == PALETTE
    looks = looks_of(NAMES)
    for results_shown in (results, results[1:]):
        document = specification(growth_chart(results_shown, looks=looks))
        scale = next(
            one["encoding"]["color"]["scale"]
            for one in document["layer"]
            if "color" in one.get("encoding", {})
        )
        colours = dict(zip(scale["domain"], scale["range"], strict=True))
        assert colours["equal"] == looks["equal"].colour


def test_weights_stack_to_what_is_invested_to_the_last_date_held(results):
    drawn = layer(weights_chart(results[0]), "area")
    assert drawn["asset"].nunique() == 9  # eight named, the others together
    totals = drawn.groupby("date")["value"].sum()
    np.testing.assert_allclose(totals, 1, atol=1e-9)
    assert totals.index[-1] == results[0].wealth.index[-1]
    part = between(results[0], "2001-03-07", "2001-03-20")
    assert len(part.weights) == 1
    drawn = layer(weights_chart(part), "area")
    assert sorted(set(drawn["date"])) == [part.wealth.index[0], part.wealth.index[-1]]


def test_short_weights_are_drawn_below_zero():
    objective = bl.MinVariance(constraints=bl.Constraints(bounds=(-1.0, 2.0)))
    market = make_market(5, n_assets=4)
    result = bl.run_backtest(bl.Strategy("short", objective=objective, lookback=60), market)
    assert (result.weights < 0).any(axis=None)
    document = specification(weights_chart(result))
    low, high = document["layer"][0]["encoding"]["y"]["scale"]["domain"]
    assert low < 0
    assert high > 1


def test_the_heat_map_has_every_month_and_year_as_text(results):
    table = monthly_returns(results[0].wealth)
    long = monthly_long(table)
    assert len(long) == table.notna().sum().sum()
    for row in long.itertuples():
        assert float(row.text) == pytest.approx(100 * row.value, abs=0.0500001)
        assert row.text != "-0.0"
    drawn = layer(monthly_chart(results[0]), "rect")
    pd.testing.assert_frame_equal(drawn, long)


def test_bars_are_the_figures_of_the_tables(results):
    drawn = layer(annual_chart(results), "bar")
    for result in results:
        own = drawn.loc[drawn["name"] == result.name, "return"]
        np.testing.assert_array_equal(own, annual_returns(result.wealth)["return"])
    drawn = layer(cost_chart(results), "bar")
    np.testing.assert_array_equal(drawn["drag_bps"], cost_drag(results)["drag_bps"])


def test_turnover_is_drawn_after_the_purchase_with_the_mean_of_the_summary(results):
    chart = turnover_chart(results[0])
    assert f"mean {bl.summarise(results[0])['turnover']:.1%}" in chart.title.text[1]
    assert len(chart.layer[0].data) == len(results[0].weights) - 1
    with pytest.raises(DataError, match="decided nothing after the beginning"):
        turnover_chart(between(results[0], "2001-03-07", "2001-03-20"))


def test_nothing_to_draw_is_said(results):
    flat = between(results[0], "2001-03-07", "2001-06-20")
    with pytest.raises(DataError, match="fewer than the 252 of a window"):
        rolling_sharpe_chart([flat], 252)


def test_recessions_lie_apart_in_order_and_are_cut_to_the_dates_shown():
    spans = [(pd.Period(first), pd.Period(last)) for first, last in MONTHS]
    assert all(first < last for first, last in spans)
    assert all(one[1] < two[0] for one, two in itertools.pairwise(spans))
    found = recessions(pd.Timestamp("2008-06-30"), pd.Timestamp("2020-03-15"))
    assert found["start"].tolist() == [pd.Timestamp("2008-06-30"), pd.Timestamp("2020-02-29")]
    assert found["end"].tolist() == [pd.Timestamp("2009-06-30"), pd.Timestamp("2020-03-15")]
    assert recessions(pd.Timestamp("2013-01-01"), pd.Timestamp("2014-01-01")).empty
