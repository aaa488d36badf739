"""Data and Runs in a browser: tabs, downloads, and a run that is renamed, opened and deleted."""

import json
import shutil

import pandas as pd
import pytest
from browsing import every_tab, faults, go_to, settle, tracebacks

import blportfolio as bl
from blportfolio.app.screens.data import CACHE, TABS
from blportfolio.app.screens.methods import TABS as METHODS
from blportfolio.runs.stored import reference_run

RUN_ID = "20260101T000000000Z-0a1b2c3d"


@pytest.fixture
def copied(server):
    """A run in the server's folder, gone after the test."""
    folder = server.runs / "copied_for_runs" / RUN_ID
    shutil.copytree(reference_run(), folder)
    for name, changes in (
        ("manifest.json", {"run_id": RUN_ID, "created_utc": "2026-01-01T00:00:00+00:00"}),
        ("summary.json", {"experiment": "copied_for_runs"}),
    ):
        document = json.loads((folder / name).read_text(encoding="utf-8"))
        (folder / name).write_text(json.dumps(document | changes), encoding="utf-8")
    yield folder
    shutil.rmtree(folder.parent, ignore_errors=True)


def choose(page, label, option):
    """Choose an option of a selectbox by its words."""
    page.get_by_role("combobox", name=label, exact=True).click()
    page.get_by_role("option").filter(has_text=option).first.click()
    settle(page)


def taken(page, name):
    """Click a download button; return the file's path and the name it is offered under."""
    with page.expect_download() as coming:
        page.get_by_role("button", name=name).click()
    return coming.value.path(), coming.value.suggested_filename


@every_tab
@pytest.mark.slow
def test_every_tab_of_data_and_methods_is_whole_on_a_telephone(visit):
    page = visit(dark=True)
    found = {}
    for title, tabs in (("Data", (*TABS, CACHE)), ("Methods", METHODS)):
        page.set_viewport_size({"width": 1280, "height": 900})
        go_to(page, title)
        page.set_viewport_size({"width": 390, "height": 900})
        for name in tabs:
            page.get_by_role("tab", name=name).click()
            settle(page)
            found |= {(title, name, kind): what for kind, what in faults(page).items()}
            wide = page.evaluate(
                "[...document.querySelectorAll('.katex-display')]"
                ".filter(one => one.scrollWidth > one.clientWidth + 4).length"
            )
            found |= {(title, name, "formulae too wide"): wide} if wide else {}
    assert found == {}


@pytest.mark.slow
def test_prices_and_manifest_are_taken_away_as_they_are(visit):
    page = visit()
    go_to(page, "Data")
    choose(page, "Data", "industries_12")
    page.get_by_role("tab", name="Source and files").click()
    settle(page)
    path, name = taken(page, "Prices (CSV)")
    assert name == "industries_12-prices.csv"
    market = bl.load_dataset("industries_12")
    prices = pd.read_csv(path, index_col="date", parse_dates=True)
    pd.testing.assert_frame_equal(
        prices, market.prices, check_names=False, check_freq=False, check_index_type=False,
        check_column_type=False, rtol=1e-12,
    )  # fmt: skip
    path, name = taken(page, "Manifest (JSON)")
    assert name == "industries_12-manifest.json"
    assert json.loads(path.read_text())["sources"] == dict(market.sources)


@pytest.mark.slow
def test_a_run_is_renamed_opened_and_deleted(visit, copied):
    page = visit()
    go_to(page, "Runs")
    choose(page, "Run to look at", "copied_for_runs")
    page.get_by_role("textbox", name="Label").fill("My best run")
    page.get_by_role("button", name="Rename").click()
    page.get_by_text("is called My best run now").wait_for()
    settle(page)
    assert (copied / "label.txt").read_text() == "My best run"
    page.get_by_role("button", name="Open in Backtest").click()
    page.get_by_role("heading", level=1, name="Backtest").wait_for()
    settle(page)
    assert page.get_by_role("combobox", name="Run", exact=True).input_value().startswith("My best")
    go_to(page, "Runs")
    page.get_by_role("button", name="Delete …").click()
    page.get_by_role("button", name=f"Delete {RUN_ID}").wait_for()
    assert copied.is_dir()
    page.get_by_role("button", name=f"Delete {RUN_ID}").click()
    page.get_by_text("Deleted My best run").wait_for()
    settle(page)
    assert not copied.exists()
    assert reference_run().is_dir()
    assert tracebacks(page) == []
