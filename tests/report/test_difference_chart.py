"""The chart of differences from a baseline."""

import pytest

from blportfolio.report.charts import NEUTRAL, PALETTE, to_svg
from blportfolio.report.difference_chart import plot_differences


def record(name, difference, reach, finding="open", role="compared"):
    bounds = {"low": difference - reach, "high": difference + reach, "difference": difference}
    return {"first": name, "role": role, "finding": finding, "p_value": 0.5, **bounds}


RECORDS = [
    record("Upper", 0.3, 0.1, "better"),
    record("Middle", -0.1, 0.2),
    {"first": "Base", "role": "baseline"},
    record("Lower", -0.5, 0.1, "worse"),
]


def test_every_compared_strategy_is_a_dot_with_its_interval_and_zero_is_marked():
    chart = plot_differences(RECORDS, "Base").to_dict()
    tables = chart["datasets"].values()
    rows = next(table for table in tables if len(table) == 3)
    assert [row["strategy"] for row in rows] == ["Upper", "Middle", "Lower"]
    assert [row["low"] for row in rows] == pytest.approx([0.2, -0.3, -0.6])
    assert [row["high"] for row in rows] == pytest.approx([0.4, 0.1, -0.4])
    assert [{"zero": 0.0}] in tables
    domain = chart["layer"][1]["encoding"]["x"]["scale"]["domain"]
    assert domain[0] < -0.6
    assert domain[1] > 0.4


def test_what_lies_apart_from_zero_differs_in_colour_and_shape():
    encoding = plot_differences(RECORDS, "Base").to_dict()["layer"][2]["encoding"]
    assert encoding["shape"]["scale"]["range"] == ["triangle-up", "circle", "triangle-down"]
    assert set(encoding["color"]["scale"]["range"]) - {NEUTRAL} <= set(PALETTE)
    assert encoding["shape"]["scale"]["domain"] == encoding["color"]["scale"]["domain"]


def test_the_axis_says_what_it_measures_and_the_chart_renders():
    svg = to_svg(plot_differences(RECORDS, "Base"))
    for said in (
        "Difference of Sharpe ratios",
        "Sharpe ratio less that of Base",
        "per year, 95 % interval, net of costs",
    ):
        assert said in svg
    assert "95 % interval, before costs" in to_svg(plot_differences(RECORDS, "Base", net=False))


@pytest.mark.parametrize("low", [0.0, -0.25])
def test_zero_stays_on_the_axis_where_all_lie_on_one_side(low):
    chart = plot_differences([record("A", low, 0.0)], "Base").to_dict()
    domain = chart["layer"][1]["encoding"]["x"]["scale"]["domain"]
    assert domain[0] < min(low, 0)
    assert domain[1] > 0


def test_nothing_is_drawn_where_nothing_is_compared():
    missing = {**record("A", 0.0, 0.1), "low": None, "high": None}
    assert plot_differences([RECORDS[2], missing], "Base") is None
