"""The page Backtest: its states, a run made for real, comparison, downloads, loading."""

import datetime as dt
import io
import json
import time
import zipfile

import pytest

from blportfolio.app.filters import EXAMPLE
from blportfolio.runs.stored import list_runs, read_run, reference_run

TABS = ["Compare", "One strategy", "Trades and costs", "Downloads"]
COPIED = "copied 2026-01-01 00:00 0123abcd"
PATIENCE_S = 90
SMALL = {"data": "industries_12"}
SMALL_STATE = {
    "backtest:strategies": ["markowitz"], "backtest:lookback": [36], "backtest:cost": 5.0,
}  # fmt: skip


def words(page):
    kinds = (
        page.title, page.header, page.markdown, page.caption, page.info, page.warning,
        page.success, page.error,
    )  # fmt: skip
    return "\n".join(str(element.value) for kind in kinds for element in kind)


def check_clean(page):
    assert not page.exception
    assert not page.error, [error.value for error in page.error]
    said = words(page).lower().replace("finan", "")
    assert "nan" not in said
    assert "none" not in said.replace("none is executed", "").replace("there is none", "")


def alts(page):
    return [chart.proto.alt for chart in page.get("vega_lite_chart")]


def zipped(folder):
    """The files of a run's folder as they lie."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for path in sorted(folder.rglob("*")):
            if path.suffix in {".json", ".parquet"}:
                archive.write(path, f"{folder.name}/{path.relative_to(folder).as_posix()}")
    return stream.getvalue()


def submit(page):
    return next(b for b in page.button if b.label == "Run the backtest").click().run()


def wait(page):
    """Run the page again and again until its job has ended, as the browser does."""
    until = time.monotonic() + PATIENCE_S
    while any(b.key == "cancel:backtest" for b in page.button):
        assert time.monotonic() < until, words(page)
        time.sleep(0.3)
        page.run()
    return page


@pytest.mark.parametrize("tab", TABS)
def test_every_tab_of_the_reference_run_is_shown_with_charts_in_words(tab, open_page):
    page = open_page("backtest", tab=tab)
    check_clean(page)
    said = words(page)
    assert "An example that comes with blportfolio" in said
    assert "Data to 2022-12-28, run " in said
    assert "commit " in said
    told = alts(page)
    assert len(told) == {"Compare": 2, "One strategy": 6, "Trades and costs": 3}.get(tab, 0)
    assert all(len(text) > 40 and any(mark.isdigit() for mark in text) for text in told)
    tables = page.dataframe
    assert len(tables) == {"Compare": 3, "One strategy": 4, "Trades and costs": 4}.get(tab, 0)
    assert not any(table.value.isna().any(axis=None) for table in tables)


def test_figures_are_those_of_the_library(open_page):
    import blportfolio as bl

    page = open_page("backtest")
    run = read_run(reference_run())
    table = page.dataframe[0].value.set_index("Strategy")
    table.index = table.index.str.removesuffix(" ◆")
    assert list(table.index) == list(run.results[""])
    for name, result in run.results[""].items():
        summary = bl.summarise(result)
        assert table.loc[name, "Return p.a."] == pytest.approx(summary["net_annualised_return"])
        assert table.loc[name, "Sharpe p.a. [95 %]"] == pytest.approx(summary["sharpe_ratio"])
        assert table.loc[name, "Cost drag p.a."] == pytest.approx(summary["cost_drag"])
    said = words(page)
    assert "SPA p" in said
    assert "configurations** count as tried" in said


def test_filters_change_the_figures(open_page):
    whole = open_page("backtest", tab="One strategy")
    short = open_page("backtest", tab="One strategy", period="1Y")
    gross = open_page("backtest", tab="One strategy", costs="gross")
    figures = [{m.label: m.value for m in page.metric} for page in (whole, short, gross)]
    assert figures[0]["Growth of 1"] != figures[1]["Growth of 1"]
    assert float(figures[2]["Growth of 1"]) >= float(figures[0]["Growth of 1"])
    assert "2021-12-28 to 2022-12-28" in words(short)
    assert any("before costs" in text for text in alts(gross))
    for page in (short, gross):
        assert not page.error


def test_a_year_that_the_filters_cut_is_said_to_be_one(open_page):
    page = open_page("backtest", period="5Y")
    (table,) = [one.value for one in page.dataframe if "Year" in one.value.columns]
    assert table["Year"].tolist()[:2] == ["2017 (2017-12-28 to 2017-12-29)", "2018"]


def test_a_window_longer_than_the_period_is_said_and_not_drawn(open_page):
    page = open_page("backtest", tab="One strategy", period="1Y", state={"window": "3 years"})
    check_clean(page)
    assert "There are no rolling figures" in words(page)
    assert len(alts(page)) == 4


def test_a_choice_that_leaves_nothing_offers_to_go_back(open_page):
    page = open_page("backtest")
    page.multiselect(key="compare:strategies").set_value([]).run()
    assert "No strategy is chosen" in words(page)
    page.button(key="compare:reset").click().run()
    assert len(page.dataframe[0].value) == 6
    page = open_page("backtest", tab="Trades and costs")
    page.number_input(key="trades:size").set_value(100.0).run()
    assert "No trade passes these filters" in words(page)
    page.button(key="trades:reset").click().run()
    assert "No trade passes" not in words(page)
    assert "trades; value and cost" in words(page)


def test_trades_are_filtered_by_asset(open_page):
    page = open_page("backtest", tab="Trades and costs")
    everything = page.dataframe[-1].value
    page.multiselect(key="trades:assets").set_value(["KO"]).run()
    chosen = page.dataframe[-1].value
    assert set(chosen["Asset"]) == {"KO"}
    assert len(chosen) == (everything["Asset"] == "KO").sum()


def test_a_strategy_is_compared_with_itself_in_nothing(open_page):
    page = open_page("backtest", state={"compare:strategies": ["Minimum variance"]})
    assert not page.exception
    assert "nothing to compare with the benchmark" in words(page)
    assert len(page.dataframe[0].value) == 1


def test_strategies_of_other_runs_are_compared_over_the_dates_that_they_share(
    open_page, stored_run
):
    assert stored_run.is_dir()
    name = f"Markowitz ({COPIED})"
    page = open_page(
        "backtest", state={"compare:runs": [COPIED], "compare:strategies": ["Markowitz", name]}
    )
    check_clean(page)
    assert "the dates that they share" in words(page)
    table = page.dataframe[0].value.set_index("Strategy")
    assert list(table.index) == ["Markowitz", name]
    assert table.loc["Markowitz"].tolist() == table.loc[name].tolist()


def test_without_any_run_the_page_says_what_to_do(open_page, no_runs):  # noqa: ARG001
    page = open_page("backtest")
    check_clean(page)
    assert "There is no run to show" in words(page)
    assert "`blportfolio backtest`" in words(page)
    assert any(b.label == "Run the backtest" for b in page.button)


def test_a_damaged_run_is_said_in_a_sentence_and_the_form_is_still_there(open_page, damaged_run):
    page = open_page("backtest", state={"run": COPIED})
    assert damaged_run.is_dir()
    assert not page.exception
    (error,) = page.error
    assert "damaged" in error.value
    assert "Choose another run in the sidebar" in words(page)
    assert any(b.label == "Run the backtest" for b in page.button)


def test_a_run_whose_data_ended_before_its_end_is_stale(open_page, stored_run):
    path = stored_run / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    manifest["config"]["experiment"]["backtest"]["end"] = "2024-12-31"
    path.write_text(json.dumps(manifest), encoding="utf-8")
    page = open_page("backtest", state={"run": COPIED})
    assert any("was to go on to 2024-12-31" in warning.value for warning in page.warning)


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({"backtest:strategies": []}, "No strategy is chosen"),
        ({"backtest:lookback": ["many"]}, "whole number of returns"),
        ({"backtest:lookback": [90_000]}, "Shorten the lookback"),
        ({"backtest:trials": 1}, "must be at least 3"),
    ],
)
def test_a_form_that_cannot_run_says_why_and_starts_nothing(state, said, open_page):
    page = open_page("backtest", state={**SMALL_STATE, **state}, **SMALL)
    submit(page)
    assert not page.exception
    assert any(said in error.value for error in page.error), [e.value for e in page.error]
    assert not any(b.key == "cancel:backtest" for b in page.button)


def test_the_command_follows_what_was_sent(open_page):
    page = open_page("backtest", state=SMALL_STATE, **SMALL)
    (command,) = [code.value for code in page.code if code.value.startswith("blportfolio")]
    assert command == (
        "blportfolio backtest --dataset industries_12 --strategy markowitz --lookback 36 "
        "--cost-bps 5 --baseline min_variance"
    )


def test_a_backtest_runs_finishes_and_is_shown_at_any_rerun(open_page, runs_folder):
    state = {**SMALL_STATE, "backtest:start": dt.date(2015, 1, 30)}
    page = open_page("backtest", state=state, **SMALL)
    submit(page)
    assert not page.error, [error.value for error in page.error]
    wait(page)
    (stored,) = list_runs(runs_folder)
    assert any("The backtest is finished: 3 strategies" in s.value for s in page.success)
    page.run()
    assert any("finished" in success.value for success in page.success)
    page.button(key="backtest:open").click().run()
    assert page.session_state["run"] != EXAMPLE
    assert stored.run_id in words(page)
    assert set(page.dataframe[0].value["Strategy"].str.removesuffix(" ◆")) == {
        "Markowitz", "Equal weight", "Minimum variance",
    }  # fmt: skip
    assert not page.error
    page.button(key="backtest:dismiss").click().run()
    assert not any("finished" in success.value for success in page.success)


def test_a_backtest_that_is_cancelled_leaves_nothing(open_page, runs_folder):
    state = {"backtest:strategies": ["fiv", "view_free"], "backtest:lookback": [60]}
    page = open_page("backtest", state=state, data="sp500_20")
    submit(page)
    page.button(key="cancel:backtest").click().run()
    assert "was cancelled; nothing of it is kept" in words(page)
    assert not runs_folder.exists()
    page.button(key="dismiss:backtest").click().run()
    assert "was cancelled" not in words(page)


def test_downloads_carry_run_and_strategy_in_their_names(open_page):
    page = open_page("backtest", tab="Downloads", state={"downloaded": "SLP-BL"})
    check_clean(page)
    run_id = read_run(reference_run()).run_id
    labels = {b.label: b.key.removeprefix("download:") for b in page.download_button}
    assert labels == {
        "Everything (zip)": f"{run_id}.zip",
        "Report (HTML)": f"{run_id}_report.html",
        "Manifest (JSON)": f"{run_id}_manifest.json",
        "Returns (CSV)": f"{run_id}_slp_bl_returns.csv",
        "Weights (CSV)": f"{run_id}_slp_bl_weights.csv",
        "Trades (CSV)": f"{run_id}_slp_bl_trades.csv",
        "Strategy (TOML)": f"{run_id}_slp_bl.toml",
    }
    assert any(code.value.startswith("blportfolio backtest") for code in page.code)


def test_a_run_that_was_downloaded_is_loaded_into_the_visit_alone_and_can_be_kept(
    open_page, runs_folder
):
    content = zipped(reference_run())
    page = open_page("backtest")
    page.file_uploader(key="backtest:zip").set_value(("run.zip", content, "application/zip"))
    next(b for b in page.button if b.label == "Load it").click().run()
    check_clean(page)
    assert any("is loaded" in success.value for success in page.success)
    assert list_runs(runs_folder) == []
    page.button(key="backtest:open-loaded").click().run()
    assert page.session_state["run"] != EXAMPLE
    assert "An example that comes with" not in words(page)
    page.session_state["tab"] = "Downloads"
    page.run()
    assert "everybody who uses this server can see it" in words(page)
    page.button(key="backtest:keep").click().run()
    (kept,) = list_runs(runs_folder)
    assert kept.kind == "run"


def test_a_file_that_is_no_run_is_refused_in_a_sentence(open_page):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("../../x.py", "import os")
    page = open_page("backtest")
    for content in (stream.getvalue(), b"no zip"):
        page.file_uploader(key="backtest:zip").set_value(("run.zip", content, "application/zip"))
        next(b for b in page.button if b.label == "Load it").click().run()
        assert not page.exception
        assert len(page.error) == 1
        assert "zip file" in page.error[0].value
