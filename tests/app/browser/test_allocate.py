"""Allocate in a browser: from an upload to weights, orders and files, seen by nobody else."""

import csv
import io
import json
import re

import numpy as np
import pandas as pd
import pytest
from browsing import (
    charts_without_words,
    go_to,
    overlapping_labels,
    settle,
    too_wide,
    tracebacks,
    undefined_figures,
)
from helpers import make_prices

import blportfolio as bl
from blportfolio.backtest import decide


def file_of(prices, name):
    content = prices.rename_axis("date").to_csv().encode()
    return {"name": name, "mimeType": "text/csv", "buffer": content}


@pytest.fixture
def allocate(visit):
    """Opens the page as a new visitor."""

    def open_():
        page = visit()
        go_to(page, "Allocate")
        return page

    return open_


def upload(page, file):
    page.get_by_role("button", name="Use your own prices").click()
    page.get_by_role("dialog").locator('input[type="file"]').set_input_files(file)


def saved(page, label):
    with page.expect_download() as waiting:
        page.get_by_role("button", name=label, exact=True).click()
    download = waiting.value
    return download.suggested_filename, download.path().read_text(encoding="utf-8")


@pytest.mark.slow
def test_from_an_upload_to_weights_orders_and_files(allocate):
    prices = make_prices(12, 400, 5)
    page = allocate()
    upload(page, file_of(prices, "family.csv"))
    page.get_by_text("400 dates from 2000-01-03").wait_for()
    page.get_by_role("button", name="Use these prices").click()
    page.get_by_text("Your file family.csv: 5 assets").first.wait_for()
    settle(page)
    assert "data=family.csv" in page.url
    page.get_by_role("spinbutton", name="Money to invest").fill("25000")
    page.get_by_role("button", name="Work out weights and orders").click()
    page.get_by_text(re.compile(r"of 25,000\.00")).first.wait_for()
    settle(page)
    name, text = saved(page, "Weights and orders (CSV)")
    assert name.startswith("weights_slp_bl_2001-07-13")
    rows = {row["asset"]: row for row in csv.DictReader(io.StringIO(text))}
    weights = decide("slp", bl.MarketData(prices)).weights
    shown = pd.Series({asset: float(row["weight"]) for asset, row in rows.items()})
    np.testing.assert_allclose(shown.reindex(weights.index).fillna(0), weights, atol=1e-9)
    name, text = saved(page, "Orders (CSV)")
    spent = sum(float(row["value"]) + float(row["cost"])
                for row in csv.DictReader(io.StringIO(text)))  # fmt: skip
    assert 24_000 < spent <= 25_000
    name, text = saved(page, "Decision (JSON)")
    assert json.loads(text)["decision"]["as_of"] == "2001-07-13"
    other = allocate()
    assert other.get_by_text("family.csv").count() == 0
    assert "20 large US stocks" in other.locator('[data-testid="stSidebar"]').inner_text()


@pytest.mark.slow
def test_a_bad_upload_shows_findings_and_the_page_is_whole_on_a_phone(allocate):
    prices = make_prices(13, 300, 3)
    prices.iloc[100:120, 1] = np.nan
    page = allocate()
    upload(page, file_of(prices, "holes.csv"))
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("The data chosen before stay as they are.").wait_for()
    settle(page)
    assert "missing" in dialog.inner_text()
    assert dialog.get_by_text("The data doctor found").count() == 1
    assert dialog.get_by_role("button", name="Use these prices").count() == 0
    assert tracebacks(page) == []
    page.set_viewport_size({"width": 390, "height": 900})
    settle(page)
    assert too_wide(page) == 0
    page.keyboard.press("Escape")
    dialog.wait_for(state="detached")
    settle(page)
    assert overlapping_labels(page) == []
    assert charts_without_words(page) == 0
    assert undefined_figures(page) == []
    assert page.get_by_text("What to know first").is_visible()


@pytest.mark.slow
def test_a_strategy_that_learns_runs_with_progress_and_can_be_cancelled(allocate):
    page = allocate()
    page.get_by_role("combobox", name="Strategy").click()
    page.get_by_role("option", name="View-free").click()
    page.get_by_role("button", name="Work out weights and orders").click()
    page.get_by_role("progressbar").wait_for()
    page.get_by_role("button", name="Cancel").click()
    page.get_by_text("was cancelled; nothing of it is kept").wait_for()
    settle(page)
    assert tracebacks(page) == []
