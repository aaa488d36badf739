import datetime as dt
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from blportfolio.errors import ConfigError, DataError
from blportfolio.forecasters.comparison import ComparisonSettings, Panel
from blportfolio.forecasters.evaluation import diebold_mariano, score_by_consistency
from blportfolio.report.charts import to_svg
from blportfolio.report.forecasts import attention_map as maps
from blportfolio.report.forecasts.lab import hold_contest
from blportfolio.report.forecasts.learning import (
    HELD_OUT,
    TRAINING,
    learning_frame,
    learning_sentences,
    plot_learning_part,
)
from blportfolio.report.forecasts.looks import SUBTITLE, TITLE, spoken
from blportfolio.report.forecasts.split import (
    KEEPS,
    TURNS,
    plot_split,
    split_frame,
    split_sentences,
)
from blportfolio.report.forecasts.window import (
    choose_window,
    plot_window,
    window_dates,
    window_frame,
    window_rows,
    window_sentence,
)

WHO = ["last_value", "linear", "linear_residual", "attention"]


def hold(kind="returns", *, slope=0.3, n=500, who=WHO, gap=False):
    rng = np.random.default_rng(0)
    values = rng.normal(scale=0.01, size=(n, 2))
    for row in range(1, n):
        values[row] += slope * values[row - 1]
    if kind == "levels":
        values = np.cumsum(values, axis=0)
    if gap:
        values[n - 30 : n - 20, 1] = np.nan
    dates = pd.date_range("2015-01-01", periods=n, freq="B").to_numpy()
    settings = ComparisonSettings(
        context_length=6, horizons=(1, 4), n_refits=2, n_seeds=1, max_windows=100, n_resamples=100
    )
    return hold_contest(Panel(values, ("A", "B"), kind, dates, "made"), who, settings)


@pytest.fixture(scope="module")
def returns():
    return hold()


@pytest.fixture(scope="module")
def levels():
    return hold("levels")


def test_the_split_has_the_scores_of_the_contest_on_each_kind_of_step(returns):
    frame = split_frame(returns, 4)
    windows = returns.windows(4)
    for name in returns.names:
        scores = score_by_consistency(
            returns.forecasts[name, 4],
            windows.target,
            windows.last,
            reference=returns.forecasts["zero", 4],
        )
        for step, part in ((KEEPS, "consistent"), (TURNS, "inconsistent")):
            row = frame[(frame["forecaster"] == name) & (frame["step"] == step)].iloc[0]
            assert row["n_steps"] == scores[part].n_steps
            assert row["mse_ratio"] == pytest.approx(scores[part].relative_mse)
            assert row["r2"] == pytest.approx(1 - scores[part].relative_mse)
            np.testing.assert_allclose(row["hit_rate"], scores[part].hit_rate)


def test_an_interval_of_the_split_is_that_of_diebold_and_mariano_on_these_steps():
    contest = hold(who=["linear"])
    one = contest.windows(1)
    chosen = (np.sign(one.target[:, 0]) * np.sign(one.last) < 0) & (one.channels == 0)
    other = replace(
        contest,
        comparison=replace(contest.comparison, data={**contest.comparison.data, "series": ["A"]}),
        panel=Panel(contest.panel.values[:, 0], ("A",), "returns", contest.panel.dates, "made"),
        forecasts={
            key: values[contest.windows(key[1]).channels == 0]
            for key, values in contest.forecasts.items()
        },
    )
    row = split_frame(other, 1)
    row = row[(row["forecaster"] == "linear") & (row["step"] == TURNS)].iloc[0]
    order = np.argsort(one.origins[chosen])
    errors = {
        name: ((contest.forecasts[name, 1] - one.target)[chosen, 0] ** 2)[order]
        for name in ("linear", "zero")
    }
    test = diebold_mariano(errors["linear"], errors["zero"])
    level = errors["zero"].mean()
    assert row["r2"] == pytest.approx(1 - errors["linear"].mean() / level)
    assert row["high"] - row["low"] == pytest.approx(2 * test.margin / level)


def test_a_rule_of_the_last_sign_is_said_to_do_better_where_signs_are_kept(returns):
    said = " ".join(split_sentences(returns, 1, split_frame(returns, 1)))
    assert "last_value does better on steps that keep the sign" in said
    assert "turn that of the last value" in said


def test_steps_of_one_kind_only_are_said_to_be(returns):
    frame = split_frame(returns, 1)
    frame.loc[frame["step"] == TURNS, "n_steps"] = 0
    assert "no step of the test turns the sign" in split_sentences(returns, 1, frame)[0]


def test_a_window_shows_what_was_forecast_and_what_came(returns):
    window = choose_window(returns, "B")
    rows = window_rows(returns, "B", 4)
    assert window.row == rows[-1]
    values = returns.panel.values[:, 1]
    np.testing.assert_array_equal(window.context, values[window.row - 5 : window.row + 1])
    assert window.truth[4][0] == pytest.approx(values[window.row + 1 : window.row + 5].sum())
    frame = window_frame(returns, window)
    assert len(frame) == 2 * len(returns.names)
    np.testing.assert_allclose(frame["error"], frame["forecast"] - frame["truth"])
    assert frame[frame["forecaster"] == "zero"]["right_sign"].isna().all()
    best = frame[frame["horizon"] == 4].sort_values("error", key=abs)["forecaster"].iloc[0]
    assert f"{best} was closest" in window_sentence(returns, window)


def test_the_path_that_came_ends_at_the_total_return(returns):
    window = choose_window(returns, "A")
    data = plot_window(returns, window).data
    truth = data[data["forecaster"] == "truth"].set_index("step")["value"]
    assert truth[0] == pytest.approx(0, abs=1e-15)
    assert truth[4] == pytest.approx(window.truth[4][0])
    linear = data[data["forecaster"] == "linear"].set_index("step")["value"]
    assert linear[4] == pytest.approx(window.forecasts["linear", 4][0])


def test_a_date_gives_the_last_window_at_or_before_it(returns):
    dates = pd.DatetimeIndex(returns.panel.dates)
    saturday = next(d for d in pd.date_range(dates[400], periods=7) if d.day_of_week == 5)
    window = choose_window(returns, "A", saturday.date())
    assert dates[window.row] == saturday - pd.Timedelta(days=1)
    latest = choose_window(returns, "A", dates[-1].date())
    assert set(latest.truth) == {1}
    with pytest.raises(DataError, match="at or before"):
        choose_window(returns, "A", dates[10].date())
    with pytest.raises(ConfigError, match="No series 'C'"):
        choose_window(returns, "C")


def test_the_dates_of_windows_are_those_of_the_first_and_the_last_that_can_be_chosen(returns):
    first, last = window_dates(returns, "A")
    assert choose_window(returns, "A", first).date == str(first)
    assert choose_window(returns, "A", dt.date.max).date == str(last)
    with pytest.raises(DataError, match="at or before"):
        choose_window(returns, "A", first - dt.timedelta(days=1))
    undated = replace(returns, panel=replace(returns.panel, dates=None))
    with pytest.raises(DataError, match="no dates"):
        window_dates(undated, "A")


def test_windows_that_hold_a_gap_are_not_offered():
    contest = hold(gap=True, who=["linear"])
    n = len(contest.panel.values)
    gap = set(range(n - 31, n - 15))
    assert not gap & set(window_rows(contest, "B").tolist())
    assert gap <= set(window_rows(contest, "A").tolist())


@pytest.mark.parametrize("kind", ["returns", "levels"])
def test_the_parts_of_the_attention_table_sum_to_the_forecast(kind, request):
    contest = request.getfixturevalue(kind)
    window = choose_window(contest, "A")
    for horizon in (1, 4):
        view = maps.attention_view(contest, window, name="attention", horizon=horizon)
        frame = maps.attention_frame(view)
        assert frame["part"].sum() == pytest.approx(window.forecasts["attention", horizon][-1])
        np.testing.assert_allclose(view.attention.sum(axis=0), 1.0)
        assert frame["lag"].tolist() == [-5, -4, -3, -2, -1, 0]
        assert (np.diff(np.sign(view.output)) <= 0).all()


def test_what_rows_of_the_heat_map_say_is_in_their_figures(returns):
    window = choose_window(returns, "A")
    view = maps.attention_view(returns, window, name="attention", horizon=1)
    trained = " ".join(maps.attention_sentences(replace(view, best_step=30)))
    adds = view.attention[-1, view.output > 0].mean()
    assert f"the last one gets {adds:.1%} from the neurons that add" in trained
    assert "Training kept step 30" in trained
    start = " ".join(maps.attention_sentences(replace(view, best_step=0)))
    assert "stayed at its start" in start
    assert f"{view.skip:+.4f} times the last value" in start


def test_no_network_has_no_view(returns):
    window = choose_window(returns, "A")
    assert maps.attention_view(returns, window, name="linear", horizon=1) is None
    assert maps.attention_names(returns) == ("attention",)


def test_learning_is_told_in_the_figures_of_the_curve(returns):
    frame = learning_frame(returns.comparison, 1)
    row = next(r for r in returns.comparison.at(1) if r.name == "attention")
    assert frame["forecaster"].tolist() == ["attention"]
    best = int(np.argmin(row.curve.held_out))
    assert frame["kept"].iloc[0] == row.curve.held_out_steps[best]
    (said,) = learning_sentences(frame)
    steps = row.curve.steps[-1]
    assert f"of {steps} training steps" in said
    assert "none of 9 training steps" in learning_sentences(frame.assign(kept=0, steps=9))[0]
    assert learning_frame(hold(who=["linear"]).comparison, 1).empty


@pytest.mark.parametrize("kind", ["returns", "levels"])
def test_every_chart_draws_with_a_title_that_a_narrow_screen_can_show(kind, request):
    contest = request.getfixturevalue(kind)
    window = choose_window(contest, "A")
    view = maps.attention_view(contest, window, name="attention", horizon=4)
    charts = [
        plot_split(contest, 1),
        plot_window(contest, window),
        maps.plot_attention(view),
        maps.plot_step_weights(view),
        plot_learning_part(contest.comparison, 4, HELD_OUT),
        plot_learning_part(contest.comparison, 4, TRAINING),
    ]
    for chart in charts:
        title = chart.to_dict()["title"]
        assert all(len(line) <= TITLE for line in title["text"])
        assert all(len(line) <= SUBTITLE for line in title["subtitle"])
        svg = to_svg(chart)
        assert "NaN" not in svg
        assert "<svg" in svg


def test_one_step_or_sign_alone_leaves_no_figure_undefined(levels):
    frame = split_frame(levels, 4)
    assert all(math.isfinite(value) for value in frame["r2"])


def test_registry_names_read_as_words_in_sentences_and_on_charts(returns):
    told = spoken(
        "linear_residual beats last_value, and my_asset is none of them", returns.comparison
    )
    assert told == "linear residual beats last value, and my_asset is none of them"
    drawn = to_svg(plot_split(returns, 1, split_frame(returns, 1)))
    assert "linear residual" in drawn
    assert "linear_residual</text>" not in drawn
