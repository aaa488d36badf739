"""Backtest in a browser: run for real and compare, cancel, tabs in both widths."""

import re

import pytest
from browsing import every_tab, faults_by_width, go_to, settle, tracebacks, undefined_figures

from blportfolio.runs.stored import list_runs

TABS = ["Compare", "One strategy", "Trades and costs", "Downloads"]
sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")


def type_into(page, label, text):
    """Choose an entry of a list by its name, or add it."""
    box = page.get_by_role("combobox", name=re.compile(label))
    box.click()
    box.fill(text)
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")


@pytest.mark.slow
def test_a_visitor_runs_a_backtest_and_compares_its_strategies(visit, server):
    page = visit()
    go_to(page, "Backtest")
    type_into(page, "^Data", "industries_12")
    settle(page)
    page.get_by_text("New backtest").click()
    type_into(page, "Strategies, 6 at most; equal", "Markowitz")
    type_into(page, "Lookback", "36")
    page.get_by_role("spinbutton", name="year, First decision").click()
    page.keyboard.type("20150130")
    before = {run.folder for run in list_runs(server.runs)}
    page.get_by_role("button", name="Run the backtest").click()
    sync_api.expect(page.get_by_text("The backtest is finished: 5 strategies")).to_be_visible(
        timeout=60_000
    )
    (made,) = {run.folder for run in list_runs(server.runs)} - before
    page.get_by_role("button", name="Show this run").click()
    sync_api.expect(page.get_by_role("heading", name=re.compile("Run: sample"))).to_be_visible()
    settle(page)
    main = page.get_by_test_id("stMain")
    assert made.name in main.inner_text()
    assert "SPA p" in main.inner_text()
    assert page.get_by_test_id("stVegaLiteChart").count() == 2
    assert "run=sample" in page.url
    assert tracebacks(page) == []
    assert undefined_figures(page) == []


@every_tab
@pytest.mark.slow
def test_every_tab_is_whole_in_both_widths_and_a_run_is_taken_away_and_loaded_again(
    visit, tmp_path
):
    page = visit("backtest", width=390)
    found = {}
    for tab in TABS:
        page.get_by_role("tab", name=tab).click()
        settle(page)
        found |= {(tab, *at): what for at, what in faults_by_width(page, (390, 1280)).items()}
    assert found == {}
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Everything (zip)").click()
    archive = waiting.value
    assert re.fullmatch(r"\d{8}T\d{9}Z-[0-9a-f]{8}\.zip", archive.suggested_filename)
    archive.save_as(tmp_path / archive.suggested_filename)
    page.get_by_text("Load a run that was downloaded").click()
    chooser = page.get_by_test_id("stFileUploader").locator("input").first
    chooser.set_input_files(tmp_path / archive.suggested_filename)
    page.get_by_role("button", name="Load it").click()
    page.get_by_role("button", name="Show the loaded run").click()
    sync_api.expect(page.get_by_role("heading", name=re.compile("Run: reference"))).to_be_visible()
    assert page.get_by_text("An example that comes with blportfolio").count() == 0
