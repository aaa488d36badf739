import json
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from blportfolio.forecasters.comparison import ComparisonSettings, compare
from blportfolio.forecasters.ltsf import LtsfCell, PublishedCell
from blportfolio.report.charts import to_svg
from blportfolio.report.forecasts import comparison_study, curves, dots, ltsf_study, verdict

SETTINGS = ComparisonSettings(
    context_length=8, horizons=(1, 4), n_refits=2, n_seeds=2, max_windows=120, n_resamples=100
)
WHO = ("last_value", "linear", "linear_residual", "attention_kernel")


def returns(seed, n_obs=420, slope=0.0):
    rng = np.random.default_rng(seed)
    values = rng.normal(scale=0.01, size=(n_obs, 2))
    for row in range(1, n_obs):
        values[row] += slope * values[row - 1]
    return values


def contest(values, kind="returns", forecasters=WHO, **changes):
    dates = pd.date_range("2015-01-01", periods=len(values), freq="B").to_numpy()
    return compare(
        values,
        forecasters=forecasters,
        settings=replace(SETTINGS, **changes),
        kind=kind,
        dates=dates,
        name="made",
        labels=("A", "B"),
    )


@pytest.fixture(scope="module")
def noise():
    return contest(returns(0))


@pytest.fixture(scope="module")
def signal():
    return contest(returns(1, 900, slope=0.4), horizons=(1,))


@pytest.fixture(scope="module")
def levels():
    steps = np.arange(420.0)[:, None]
    values = np.sin(2 * np.pi * steps / 12) + returns(2)
    return contest(values, kind="levels", horizons=(4,), forecasters=(*WHO, "attention"))


def test_noise_is_said_to_be_noise_with_the_number_of_those_tried(noise):
    for horizon in (1, 4):
        first = verdict(noise, horizon)[0]
        assert first.startswith(
            f"No forecaster beats zero at horizon {horizon} by more than chance"
        )
        assert "The best of 4 tried at 2 horizons, " in first
    rows = [row for row in noise.at(1) if not row.is_control]
    best = max(rows, key=lambda row: row.gain)
    assert best.name in verdict(noise, 1)[0]
    assert f"{100 * best.gain:+.2f} %" in verdict(noise, 1)[0]


def test_a_signal_names_who_beats_zero_and_the_control_that_does_too(signal):
    said = " ".join(verdict(signal, 1))
    assert "better than zero by more than chance, p adjusted for 4 tried: " in said
    assert "linear (R² +" in said
    assert "The control autoregression beats zero" in said
    assert "Worse than zero by more than chance: last_value" in said
    assert "Attention against linear there: " in said


def test_what_only_knows_the_mean_return_is_not_praised_for_it():
    drift = returns(4, 900) + 0.004
    found = contest(drift, forecasters=["linear"], horizons=(1,))
    said = " ".join(verdict(found, 1))
    assert "better than zero by more than chance, p adjusted for the only one tried: linear" in said
    assert "what linear know beyond the mean is no more than chance" in said
    assert "The control mean beats zero" in said


def test_a_signal_too_weak_to_use_is_still_named():
    found = contest(returns(2, 900, slope=0.12), forecasters=["linear"], horizons=(1,))
    said = " ".join(verdict(found, 1))
    assert "No forecaster beats zero at horizon 1" in said
    assert "Yet there is something to learn over zero and the mean" in said


def test_one_alone_is_not_called_the_best_of_many():
    found = contest(returns(0, 300), forecasters=["linear"], horizons=(1,))
    said = verdict(found, 1)[0]
    assert "linear, the only one tried, has R² " in said
    assert "among all" not in said


def test_attention_is_compared_with_linear_at_p_adjusted_for_all_of_them(signal):
    def with_p(*p_values):
        rows = list(signal.standings)
        kernel = next(row for row in rows if row.name == "attention_kernel")
        rows.remove(kernel)
        for name, p_value in zip(("attention", "attention_kernel"), p_values, strict=True):
            test = replace(kernel.against_linear, p_value=p_value, difference=-1e-6)
            rows.append(replace(kernel, name=name, against_linear=test))
        return " ".join(verdict(replace(signal, standings=tuple(rows)), 1))

    assert "no clear difference: attention (MSE " in with_p(0.03, 0.04)
    assert "p adjusted for 2 comparisons: better: attention (MSE " in with_p(0.01, 0.04)


def test_a_forecaster_that_only_follows_the_sign_is_said_to(signal):
    row = next(row for row in signal.at(1) if row.name == "attention_kernel")
    scores = replace(row.scores, collapse=0.97)
    others = tuple(r for r in signal.standings if r is not row)
    changed = replace(signal, standings=(*others, replace(row, scores=scores)))
    assert "attention_kernel says little but the last sign" in " ".join(verdict(changed, 1))


def test_too_few_dates_and_controls_alone_have_verdicts():
    short = contest(returns(3, 300), horizons=(40,), forecasters=["linear"])
    assert "too few dates" in verdict(short, 40)[0]
    alone = contest(returns(3, 300), horizons=(1,), forecasters=["zero"])
    assert "only the controls" in verdict(alone, 1)[0]
    assert json.dumps(comparison_study(short).records, allow_nan=False)
    for found, horizon in ((short, 40), (alone, 1)):
        assert to_svg(dots.plot_gain(found, horizon))


def test_every_figure_of_the_tables_is_one_of_the_records(noise):
    study = comparison_study(noise)
    tables = {section.heading: section.table for section in study.sections if section.table}
    assert set(tables) == {
        f"{what} at horizon {h}" for h in (1, 4) for what in ("Errors", "Directions")
    }
    by_name = {(r["forecaster"], r["horizon"]): r for r in study.records}
    assert len(by_name) == 14
    for row in tables["Errors at horizon 4"].rows:
        record = by_name[row[0], 4]
        assert row[1].split(" ± ")[0] == f"{record['relative_mse']:.4f}"
        assert row[2].split()[0] == f"{100 * record['gain']:+.2f}"
        assert row[7] == ("yes" if record["in_confidence_set"] else "no")
    for row in tables["Directions at horizon 1"].rows:
        record = by_name[row[0], 1]
        assert row[1] == ("–" if record["hit_rate"] is None else f"{100 * record['hit_rate']:.1f}")
        assert row[7] == f"{record['inconsistent']['relative_mse']:.4f}"


def test_the_page_says_how_the_contest_was_held(noise):
    study = comparison_study(noise, data_notes=("A note.",))
    held = study.sections[-1]
    text = " ".join(held.paragraphs)
    assert "Controls, always in the table: zero, mean, autoregression" in text
    assert "log prices" in text
    assert f"R² {100 * noise.naive_r2:+.2f} %" in text
    assert held.notes == ("A note.",)
    assert study.title == "Forecasters on made"


def test_every_chart_draws_and_its_title_has_subject_and_unit(noise, levels):
    for found in (noise, levels):
        charts = [c for section in comparison_study(found).sections for c in section.charts]
        labels = [label for label, _ in charts]
        assert len(labels) == len(set(labels))
        for _, chart in charts:
            assert chart.to_dict()["title"]
            assert "<svg" in to_svg(chart)
    kinds = " ".join(label for section in comparison_study(levels).sections
                     for label, _ in section.charts)  # fmt: skip
    assert "Learning curves" in kinds
    assert "Forecast and truth" in kinds


def test_saved_error_ends_at_the_gain(signal):
    data = curves.plot_cumulative_gain(signal, 1).data
    last = data.groupby("forecaster")["value"].last()
    for row in signal.at(1):
        if row.name in last:
            assert last[row.name] == pytest.approx(row.gain, rel=1e-9)
    assert len(data["when"].unique()) <= 800


def test_what_fails_badly_is_named_and_does_not_hide_the_rest(noise):
    def said(chart):
        return " ".join(chart["title"]["subtitle"])

    chart = curves.plot_cumulative_gain(noise, 4).to_dict()
    assert "beyond the axis: last_value" in said(chart)
    gain = dots.plot_gain(noise, 4).to_dict()
    assert "beyond the axis" in said(gain)
    beyond = next(iter(v for v in gain["datasets"].values() if "beyond" in v[0]))
    assert {row["forecaster"] for row in beyond if row["beyond"]} == {"last_value"}


def test_colours_stand_for_the_same_forecaster_on_every_chart(noise):
    def colours(chart):
        drawn = chart.to_dict()
        scale = drawn.get("layer", [drawn])[-1]["encoding"]["color"]["scale"]
        return dict(zip(scale["domain"], scale["range"], strict=True))

    first, second = (
        colours(chart)
        for chart in (curves.plot_cumulative_gain(noise, 1), curves.plot_by_horizon(noise))
    )
    shared = set(first) & set(second)
    assert len(shared) >= 3
    assert all(first[name] == second[name] for name in shared)


def test_levels_are_measured_against_the_last_value(levels):
    study = comparison_study(levels)
    assert study.sections[0].table.headings[1] == "MSE/last value"
    assert "better than the last value" in study.lead[1]
    assert "(attention_kernel is the paper's model, which cannot carry a level)" in study.lead[1]
    assert study.sections[0].table.rows[0][:2] == ("last_value", "1.0000")
    example = curves.plot_example(levels, 4).data
    truth = example[example["forecaster"] == "truth"]
    np.testing.assert_array_equal(truth["value"].to_numpy()[-4:], levels.truth[4][1])


def cell(model, horizon, mse, kind=LtsfCell, data_set="ETTh1", lookback=336, **more):
    return kind(data_set, model, horizon, lookback, mse, mse + 0.02, **more)


def test_the_benchmark_stands_beside_the_published_rows_with_their_look_backs():
    ours = [cell("NLinear", h, m, penalty=1e-4, seconds=2.0) for h, m in ((96, 0.37), (192, 0.45))]
    theirs = [
        cell("NLinear", 96, 0.374, PublishedCell, source="Zeng", note=""),
        cell("NLinear", 192, 0.408, PublishedCell, source="Zeng", note=""),
        cell("Other", 96, 0.38, PublishedCell, lookback=96, source="Liu", note="second hand"),
        cell("NLinear", 96, 9.9, PublishedCell, data_set="ETTh2", source="Zeng", note=""),
    ]
    study = ltsf_study(ours, theirs)
    table = study.sections[0].table
    assert table.headings == ("Data, model", "Whose", "Look-back", "96", "192")
    assert table.rows == (
        ("ETTh1 NLinear", "ours", "336", "0.370/0.390", "0.450/0.470"),
        ("ETTh1 NLinear", "published", "336", "0.374/0.394", "0.408/0.428"),
        ("ETTh1 Other", "published", "96", "0.380/0.400*", "–"),
    )
    assert "Of 2 cells" in study.lead[1]
    assert "1 lie within 0.02" in study.lead[1]
    assert "at 192, by +0.042" in study.lead[1]
    notes = " ".join(study.sections[0].notes)
    assert "NLinear: Zeng." in notes
    assert "* ETTh1 Other: second hand" in notes
    assert len(study.records) == 5
    assert math.isclose(study.records[0]["mse"], 0.37)


def test_a_benchmark_without_its_published_rows_says_so():
    study = ltsf_study([cell("Repeat", 12, 0.5, penalty=None, seconds=0.1)], [])
    assert "No published row" in study.lead[1]
    assert study.sections[0].notes == ()
