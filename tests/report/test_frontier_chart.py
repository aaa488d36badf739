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


def named(chart):
    """Return the assets that the layers of text name."""
    return [name for layer in chart.layer if layer.mark.type == "text" for name in layer.data.name]


def test_names_that_would_cover_each_other_are_left_to_the_tooltip():
    size = 12
    labels = tuple(f"Company {i}" for i in range(size))
    moments = np.full(size, 1e-3), 1e-4 * np.eye(size)
    given_ = ReturnDistribution(*moments, np.zeros((size, size)), labels)
    chart = plot_frontier(efficient_frontier(given_))
    assert 0 < len(named(chart)) <= 4
    assert len(chart.layer[1].data) == size
    far_apart = plot_frontier(make_frontier([1e-4, 5e-4, 9e-4]))
    assert sorted(named(far_apart)) == ["Ash", "Elm", "Oak"]


def test_one_asset_and_marks_at_the_ends_stay_inside_the_axes():
    one = ReturnDistribution(np.array([1e-3]), np.eye(1) * 1e-4, np.zeros((1, 1)), ("Oak",))
    for frontier in (efficient_frontier(one), make_frontier([1e-4, 5e-4, 9e-4])):
        chart = plot_frontier(frontier)
        scale = chart.to_dict()["layer"][0]["encoding"]["x"]["scale"]["domain"]
        for layer in chart.layer:
            assert layer.data["volatility"].between(*scale, inclusive="neither").all()


def test_anything_else_is_refused():
    with pytest.raises(DataError, match="frontier"):
        plot_frontier([1, 2])
