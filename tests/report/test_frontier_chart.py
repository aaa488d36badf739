"""The chart of an efficient frontier."""

import numpy as np
import pytest

from blportfolio.errors import DataError
from blportfolio.optimise.frontier import efficient_frontier
from blportfolio.report.charts import to_svg
from blportfolio.report.frontier import plot_frontier
from blportfolio.types import ReturnDistribution


def make_frontier(mean, periods=None):
    covariance = np.diag([1e-4, 2e-4, 4e-4])
    labels = ("Oak", "Elm", "Ash")
    given_ = ReturnDistribution(
        np.array(mean), covariance, np.zeros((3, 3)), labels, periods_per_year=periods
    )
    return efficient_frontier(given_)


def test_it_shows_assets_and_marked_portfolios_per_year():
    svg = to_svg(plot_frontier(make_frontier([1e-4, 5e-4, 9e-4], periods=252)))
    for text in ("Oak", "Elm", "Ash", "Minimum variance", "Maximum Sharpe", "annualised"):
        assert text in svg


def test_figures_are_annualised_by_the_periods_of_the_data():
    frontier = make_frontier([1e-4, 5e-4, 9e-4], periods=252)
    assets = plot_frontier(frontier).layer[1].data
    np.testing.assert_allclose(assets["return"], frontier.mean * 252)
    np.testing.assert_allclose(assets["volatility"], np.sqrt([0.0252, 0.0504, 0.1008]))


def test_it_says_per_period_and_marks_no_ratio_where_there_is_none():
    svg = to_svg(plot_frontier(make_frontier([-1e-4, -5e-4, -9e-4])))
    assert "per period" in svg
    assert "Maximum Sharpe" not in svg


def test_anything_else_is_refused():
    with pytest.raises(DataError, match="frontier"):
        plot_frontier([1, 2])
