import json
import shlex

import numpy as np
import pandas as pd
import pytest
import typer

from blportfolio.cli import app
from blportfolio.cli.forecast_series import load_series
from blportfolio.data import MarketData
from blportfolio.errors import ConfigError, DataError
from blportfolio.forecasters.comparison import ComparisonSettings, Panel, compare
from blportfolio.forecasters.comparison.record import from_document, to_document
from blportfolio.report.forecasts.command import SERIES_FILE, contest_command, needs_file
from blportfolio.report.forecasts.defaults import (
    expected_seconds,
    first_look,
    first_plan,
    usual_contest,
)
from blportfolio.report.forecasts.lab import (
    Contest,
    check_plan,
    plan_panel,
    plan_settings,
    run_contest,
)
from blportfolio.report.forecasts.series import (
    cut_panel,
    panel_csv,
    share_of_test,
    simulated_panel,
)
from blportfolio.report.forecasts.tables import contest_csv, error_frame, horizon_frame

SMALL = {
    "context_length": 6,
    "horizons": [1, 3],
    "n_refits": 2,
    "n_seeds": 1,
    "max_windows": 60,
}
WHO = ["linear", "linear_residual", "attention_kernel", "attention"]


def silent(*_):
    """Tell nobody."""


def plan_of(**changes):
    return {
        "source": {"kind": "packaged", "reference": "industries_12", "name": "industries_12"},
        "assets": ["NoDur", "Durbl"],
        "kind": "returns",
        "start": "2000-01-01",
        "forecasters": WHO,
        "test_from": None,
        "contest": SMALL,
    } | changes


@pytest.fixture(scope="module", params=["returns", "levels"])
def held(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("contest")
    plan = plan_of(kind=request.param)
    return run_contest(plan, folder, silent), Contest.load(folder), plan


def test_a_contest_is_kept_and_read_back_with_every_figure(held):
    document, contest, _ = held
    assert document["records"] == contest.comparison.records()
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    text = json.dumps(to_document(contest.comparison))
    assert json.dumps(to_document(from_document(json.loads(text)))) == text


def test_dates_and_values_survive_the_folder(held):
    _, contest, plan = held
    panel, _ = plan_panel(plan)
    np.testing.assert_array_equal(contest.panel.values, panel.values)
    np.testing.assert_array_equal(contest.panel.dates, panel.dates)
    assert contest.panel.labels == panel.labels


def test_a_network_that_was_kept_makes_the_forecasts_that_were_judged(held):
    _, contest, _ = held
    for (name, horizon), fits in contest.networks.items():
        assert name == "attention"
        windows = contest.windows(horizon)
        rows = [row for row, _ in fits]
        for number, (row, fitted) in enumerate(fits):
            stop = rows[number + 1] if number + 1 < len(rows) else np.inf
            due = (windows.origins >= row) & (windows.origins < stop)
            np.testing.assert_allclose(
                fitted.predict(windows.context[due]),
                contest.forecasts[name, horizon][due],
                rtol=1e-9,
            )


def test_a_folder_without_a_contest_is_said_to_be_none(tmp_path):
    with pytest.raises(DataError, match="Hold it again"):
        Contest.load(tmp_path)
    (tmp_path / "contest.json").write_text("{}")
    with pytest.raises(DataError, match="Hold it again"):
        Contest.load(tmp_path)


def test_the_naive_forecast_is_in_every_table(held):
    _, contest, plan = held
    naive = {"returns": "zero", "levels": "last_value"}[plan["kind"]]
    for horizon in contest.comparison.horizons:
        frame = error_frame(contest.comparison, horizon)
        row = frame[frame["forecaster"] == naive].iloc[0]
        assert row["finding"] == "reference"
        assert row["r2"] == 0
    assert set(horizon_frame(contest.comparison)["horizon"]) == {1, 3}


def test_figures_as_csv_are_the_records(held):
    _, contest, _ = held
    from io import StringIO

    table = pd.read_csv(StringIO(contest_csv(contest.comparison)))
    records = contest.comparison.records()
    assert len(table) == len(records)
    np.testing.assert_allclose(table["mse"], [record["mse"] for record in records])
    assert "inconsistent.mse" in table.columns


def parsed(words):
    """What the command line makes of the words after `blportfolio forecast compare`."""
    command = typer.main.get_command(app).commands["forecast"].commands["compare"]
    return command.make_context("compare", list(words)).params


def test_the_command_holds_the_same_contest(held, tmp_path, monkeypatch):
    document, contest, plan = held
    monkeypatch.chdir(tmp_path)
    assert needs_file(plan) == (plan["kind"] == "levels")
    if needs_file(plan):
        (tmp_path / SERIES_FILE).write_text(panel_csv(contest.panel))
    words = shlex.split(contest_command(plan, contest.comparison.settings))
    assert words[:3] == ["blportfolio", "forecast", "compare"]
    asked = parsed(words[3:])
    loaded = load_series(
        asked["series"],
        levels=asked["levels"],
        columns=asked["column"] or (),
        start=asked["start"],
        end=asked["end"],
        reading={"returns": True} if asked["returns"] else {},
    )
    settings = ComparisonSettings(
        context_length=asked["context_length"],
        horizons=tuple(asked["horizon"]),
        test_share=asked["test_share"],
        n_refits=asked["refits"],
        n_seeds=asked["seeds"],
        seed=asked["seed"],
        max_windows=asked["max_windows"],
    )
    assert settings == contest.comparison.settings
    found = compare(loaded.panel, forecasters=asked["forecaster"], settings=settings).records()
    for ours, theirs in zip(document["records"], found, strict=True):
        assert ours["forecaster"] == theirs["forecaster"]
        assert ours["mse"] == pytest.approx(theirs["mse"], rel=1e-6)
        assert ours["gain"] == pytest.approx(theirs["gain"], abs=1e-6)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (
            {"kind": "upload", "reference": "private/1.xlsx", "name": "my prices.xlsx",
             "reading": {"sheet": "Q1", "returns": True, "max_gap": 2, "calendar": None}},
            "'my prices.xlsx' --max-gap 2 --returns --sheet Q1 --column NoDur",
        ),
        (
            {"kind": "upload", "reference": "private/2.parquet", "name": "AAPL KO",
             "reading": {}, "tickers": True},
            "'AAPL KO' --column NoDur",
        ),
        (
            {"kind": "upload", "reference": "private/3.csv", "name": "a.csv",
             "reading": {"assets": "A"}},
            "series.csv --returns",
        ),
        ({"kind": "simulated", "reference": "momentum", "n": 300, "seed": 1},
         "series.csv --returns"),
    ],
)  # fmt: skip
def test_the_command_names_what_the_visitor_has(source, words):
    command = contest_command(plan_of(source=source), ComparisonSettings())
    assert command.startswith(f"blportfolio forecast compare {words}")


def test_simulated_returns_come_back_from_their_file(tmp_path):
    panel, notes = simulated_panel("momentum", n=300, seed=3)
    path = tmp_path / SERIES_FILE
    path.write_text(panel_csv(panel))
    again = load_series(str(path), levels=False, reading={"returns": True}).panel
    np.testing.assert_allclose(again.values, panel.values, atol=1e-12)
    assert "2%" in notes[0]
    assert "Nothing in it" in simulated_panel("white noise", n=300, seed=0)[1][0]
    with pytest.raises(ConfigError, match="n"):
        simulated_panel("momentum", n=5, seed=0)


@pytest.mark.parametrize("day", ["2002-06-28", "2010-06-15", "2016-12-30"])
def test_a_test_begins_at_the_date_that_was_asked_for(day):
    plan = plan_of(test_from=day)
    panel, _ = plan_panel(plan)
    settings = plan_settings(plan, panel)
    n_obs = len(panel.values)
    begin = n_obs - round(settings.test_share * n_obs)
    dates = pd.DatetimeIndex(panel.dates)
    assert dates[begin] >= pd.Timestamp(day)
    assert dates[begin - 1] < pd.Timestamp(day)


def test_a_test_date_outside_the_data_is_refused_with_their_dates():
    panel, _ = plan_panel(plan_of())
    for day in ("1990-01-01", "2050-01-01"):
        with pytest.raises(DataError, match="run from 2000"):
            share_of_test(panel, day)


def test_a_test_that_leaves_next_to_nothing_to_learn_from_is_refused():
    panel, _ = plan_panel(plan_of())
    with pytest.raises(DataError, match="Choose a later date"):
        share_of_test(panel, "2000-06-30")


def market(prices, freq="B", per_year=252):
    n_dates = len(next(iter(prices.values())))
    index = pd.date_range("2015-01-01", periods=n_dates, freq=freq)
    return MarketData(pd.DataFrame(prices, index=index), periods_per_year=per_year)


def walk(n, seed=0, scale=0.01):
    return np.exp(np.cumsum(np.random.default_rng(seed).normal(scale=scale, size=n)))


@pytest.mark.parametrize("n_obs", [60, 80, 120, 300, 2_000, 30_000])
@pytest.mark.parametrize(("freq", "per_year"), [("B", 252), ("W", 52), ("ME", 12)])
def test_usual_settings_suit_every_length_and_frequency(n_obs, freq, per_year):
    n = min(n_obs, 2_000)
    data = market({"A": walk(n)}, freq, per_year)
    panel, _ = cut_panel(data, ["A"], kind="returns")
    for settings in (usual_contest(n - 1, per_year), first_look(n - 1, per_year)):
        plan = plan_of(contest=settings.resolved(), assets=["A"])
        assert check_plan(plan, panel).horizons[0] == 1


def test_a_first_look_takes_the_series_with_the_most_prices_and_its_latest_rows():
    prices = {"late": walk(3_000), "whole": walk(3_000, 1)}
    prices["late"][:2_000] = np.nan
    plan = first_plan(market(prices), {"kind": "packaged", "reference": "x"})
    assert plan["assets"] == ["whole"]
    panel, _ = cut_panel(market(prices), plan["assets"], kind="returns", start=plan["start"])
    assert len(panel.values) == 2_520


def test_constant_short_and_missing_series_are_refused_in_a_sentence():
    data = market({"flat": np.append(walk(100), np.ones(300)), "none": walk(400)})
    with pytest.raises(DataError, match="no prices that change from 2015-08-03"):
        cut_panel(data, ["flat"], kind="returns", start="2015-08-03")
    panel = Panel(np.zeros(300), ("flat",), "returns")
    with pytest.raises(DataError, match="it is constant"):
        check_plan(plan_of(assets=["flat"]), panel)
    short, _ = cut_panel(market({"A": walk(20)}), ["A"], kind="returns")
    with pytest.raises(DataError, match=r"longer series|windows"):
        check_plan(plan_of(assets=["A"]), short)
    with pytest.raises(ConfigError, match="choose a series"):
        cut_panel(data, [], kind="returns")
    with pytest.raises(ConfigError, match="has no column"):
        cut_panel(data, ["B"], kind="returns")
    with pytest.raises(ConfigError, match="horizons"):
        check_plan(plan_of(contest={**SMALL, "horizons": []}), panel)


def test_more_work_is_expected_to_take_longer():
    usual = usual_contest(2_520, 252)
    base = expected_seconds(2_520, 1, WHO, usual)
    assert base < 60
    assert expected_seconds(2_520, 5, WHO, usual) > base
    assert expected_seconds(2_520, 1, WHO, usual, kind="levels") > base
    assert expected_seconds(2_520, 1, ["linear"], usual) < base
