"""Charts of views: everything they should show is there, legible and finite, for 1 to 60 assets."""

import json
import math

import numpy as np
import pandas as pd
import pytest

import blportfolio as bl
from blportfolio.report.charts import to_svg
from blportfolio.report.views import (
    MOST,
    Decision,
    ViewSettings,
    before_and_after,
    compare_models,
    evidence_curve,
    explain_views,
    largest,
    plot_attribution,
    plot_comparison,
    plot_correlation_change,
    plot_correlations,
    plot_evidence,
    plot_trust,
    plot_views,
    plot_weights_before_after,
)
from blportfolio.report.views.document import asset_table, views_document
from blportfolio.report.views.matrix_charts import _number

OPTIONS = ViewSettings(horizon=5)


@pytest.fixture(scope="module", params=[1, 4, 60])
def case(request, window_of):
    decision = Decision(window_of(11, n_assets=request.param))
    fitted = decision.model("slp", OPTIONS)
    return decision, fitted.distribution, explain_views(fitted.distribution)


def rows_of(chart):
    """The rows of a chart's own data."""
    found = chart.to_dict()
    return found["datasets"][found["data"]["name"]]


def texts_of(svg):
    return [part.split("<")[0] for part in svg.split(">")]


def test_each_asset_has_its_three_marks_each_with_a_deviation(case):
    _, _, found = case
    rows = rows_of(plot_views(found))
    shown = min(len(found.assets), MOST)
    assert len(rows) == 3 * shown
    assert {row["stage"] for row in rows} == {"Prior", "View", "Posterior"}
    for row in rows:
        expected = found.assets.loc[row["row"]]
        stage = row["stage"].lower()
        assert row["mean"] == pytest.approx(expected[stage])
        assert row["sd"] == pytest.approx(expected[f"{stage}_sd"])
        assert all(math.isfinite(row[key]) for key in ("mean", "low", "high"))


def test_colour_is_never_alone(case):
    _, _, found = case
    marks = plot_views(found).to_dict()["layer"][-1]["encoding"]
    for channel in ("color", "shape"):
        scale = marks[channel]["scale"]
        assert scale["domain"] == ["Prior", "View", "Posterior"]
        assert len(set(scale["range"])) == 3


def test_rows_are_sorted_by_the_posterior(case):
    _, _, found = case
    order = plot_views(found).to_dict()["layer"][-1]["encoding"]["y"]["sort"]
    assert found.assets.loc[order, "posterior"].is_monotonic_decreasing


def test_many_assets_are_cut_to_the_largest_changes_and_the_title_says_so(case):
    _, _, found = case
    chart = plot_views(found).to_dict()
    shown = {row["row"] for row in rows_of(plot_views(found))}
    cut = len(found.assets) > MOST
    assert ("the 25 of 60 assets that change most" in chart["title"]["text"][0]) == cut
    assert shown == set(found.assets["change"].abs().nlargest(MOST).index)
    assert largest(found.assets["change"]) == [a for a in found.assets.index if a in shown]


def test_the_axis_covers_every_mark_and_bars_of_views_end_at_it(case):
    _, _, found = case
    chart = plot_views(found).to_dict()
    low, high = chart["layer"][-1]["encoding"]["x"]["scale"]["domain"]
    for row in rows_of(plot_views(found)):
        assert low <= row["low"] <= row["mean"] <= row["high"] <= high
        if row["stage"] != "View":
            assert row["high"] - row["low"] == pytest.approx(2 * row["sd"])


def test_every_chart_renders_with_units_and_names(case):
    decision, distribution, found = case
    kept = largest(found.assets["change"])
    drawn = {
        "views": (plot_views(found), "Expected return (per year, %)"),
        "trust": (plot_trust(found), "Trust (% of the way to the view)"),
        "attribution": (plot_attribution(found), "%-points per year"),
        "before": (plot_correlations(found.before, title="Before", kept=kept), "Before"),
        "change": (plot_correlation_change(found, kept=kept), "Change of correlation"),
        "weights": (
            plot_weights_before_after(before_and_after(distribution)[0]),
            "Weight (%)",
        ),
        "means": (
            plot_comparison(compare_models(decision, OPTIONS)),
            "Expected return (per year, %)",
        ),
    }
    for name, (chart, text) in drawn.items():
        specification = json.dumps(chart.to_dict(validate=True), ensure_ascii=False)
        assert text in specification, name
        assert "NaN" not in specification, name
        if len(found.assets) == 4:  # drawing many takes long, and is the same
            svg = to_svg(chart)
            assert any(part.startswith(text) for part in texts_of(svg)), name
            assert "NaN" not in svg, name


def test_the_heat_map_has_zero_in_the_middle_and_a_number_a_cell(case):
    _, _, found = case
    chart = plot_attribution(found)
    domain = chart.to_dict()["layer"][0]["encoding"]["color"]["scale"]["domain"]
    assert domain[2] == 0
    assert domain == [-value for value in reversed(domain)]
    rows = rows_of(chart)
    shown = min(len(found.assets), MOST)
    assert len(rows) == shown**2
    for row in rows[:40]:
        value = 100 * found.attribution.loc[row["row"], row["column"]]
        assert row["value"] == pytest.approx(value)
        assert float(row["text"].replace("−", "-")) == pytest.approx(value, abs=0.051)


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "0.00"), (-0.001, "0.00"), (1.5, "+1.50"), (-2.25, "−2.25")]
)
def test_a_zero_has_no_sign(value, text):
    assert _number(value, "+.2f") == text


@pytest.mark.parametrize("parameter", ["tau", "risk_aversion", "view_scale", "strength"])
def test_the_curve_marks_the_current_value_and_the_best(window_of, parameter):
    prior = OPTIONS.prior("fiv")
    curve = evidence_curve(Decision(window_of(2)), prior, parameter)
    chart = plot_evidence(curve)
    chart.to_dict(validate=True)
    marks = chart.to_dict()["layer"][-1]
    points = chart.to_dict()["datasets"][marks["data"]["name"]]
    values = {point["what"]: point for point in points}
    assert values["Best"]["value"] == curve.best
    assert values["Current"]["value"] == getattr(prior, parameter)
    table = curve.table.set_index("value")["relative"]
    if curve.current in table.index:
        assert values["Current"]["shown"] == pytest.approx(max(table[curve.current], -12))
    assert "shaded: within 2 log units of the best" in texts_of(to_svg(chart))


def test_models_are_told_apart_by_shape_and_colour(window_of):
    chart = plot_comparison(compare_models(window_of(2), OPTIONS), what="weights").to_dict()
    marks = chart["layer"][-1]["encoding"]
    for channel in ("color", "shape"):
        assert len(set(marks[channel]["scale"]["range"])) == 6
    assert marks["x"]["title"] == "Weight (%)"


def test_only_what_is_held_has_a_row():
    table = pd.DataFrame(
        {"before": [0.5, 0.0, 0.5], "after": [0.6, 0.0, 0.4], "change": [0.1, 0, -0.1],
         "market": [0.2, 0.3, 0.5]},
        index=["A", "B", "C"],
    )  # fmt: skip
    rows = rows_of(plot_weights_before_after(table))
    assert {row["row"] for row in rows} == {"A", "C"}
    assert {row["stage"] for row in rows} == {"Before views", "After views", "Market weights"}


def test_single_views_can_be_drawn_by_themselves(window_of):
    view = bl.View.from_text("A0 beats A1 by 2% per year")
    fitted = Decision(window_of(2)).model("mbl", ViewSettings(horizon=5, views=(view,)))
    found = explain_views(fitted.distribution, learned=fitted.learned)
    chart = plot_views(found, by="view", only=[view.label])
    rows = rows_of(chart)
    assert {row["row"] for row in rows} == {"A0 beats A1 by 2%\nper year"}  # wrapped, not cut
    assert "per year" in texts_of(to_svg(chart))
    assert next(row["mean"] for row in rows if row["stage"] == "View") == pytest.approx(0.02)


def test_the_document_is_json_with_every_figure_and_null_for_none(window_of):
    decision = Decision(window_of(5, blind=(2,)))
    fitted = decision.model("slp", OPTIONS)
    found = explain_views(fitted.distribution)
    weights, _ = before_and_after(fitted.distribution)
    text = views_document(
        found,
        weights=weights,
        settings={"tau": 0.05},
        log_evidence=fitted.distribution.log_evidence,
    )
    document = json.loads(text)
    assert document["assets"]["A2"]["view"] is None
    assert document["assets"]["A0"]["posterior"] == found.assets.loc["A0", "posterior"]
    assert document["attribution"]["A2"]["A0"] == found.attribution.loc["A2", "A0"]
    assert document["views"]["A0"]["kind"] == "learned"
    assert document["weights"]["A1"]["after"] == weights.loc["A1", "after"]
    assert document["log_evidence"] == fitted.distribution.log_evidence
    table = asset_table(found, weights)
    np.testing.assert_allclose(
        table.filter(like="added by").sum(axis=1), table["change"], atol=1e-12
    )
