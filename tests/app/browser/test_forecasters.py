"""Forecasters in a browser: a contest from the form to its files, every tab whole on a phone."""

import csv
import json
import shlex

import pytest
from browsing import every_tab, faults, go_to, settle

from blportfolio.app.screens.forecasters import CONTEST, DEMO

CHART = '[data-testid="stVegaLiteChart"]'


@every_tab
@pytest.mark.slow
@pytest.mark.parametrize(
    ("width", "dark", "names"),
    [(390, True, [*CONTEST, DEMO]), (1280, False, [DEMO])],
    ids=["phone", "desk"],
)
def test_every_tab_is_whole_on_a_phone_and_on_a_desk(visit, width, dark, names):
    page = visit("forecasters", width=width, dark=dark)
    found = {}
    for name in names:
        page.get_by_role("tab", name=name).click()
        page.locator(CHART).first.wait_for()
        settle(page)
        found |= {(name, kind): what for kind, what in faults(page).items()}
    assert found == {}


@pytest.mark.slow
def test_a_contest_is_held_and_taken_away_and_stays_while_other_pages_are_seen(visit, tmp_path):
    page = visit("forecasters", data="industries_12")
    page.get_by_text("Hold a contest of your own", exact=True).click()
    for label in ("Fits", "Seeds"):
        page.get_by_role("spinbutton", name=label, exact=True).fill("1")
    page.get_by_role("button", name="Hold the contest").click()
    cancel = page.get_by_role("button", name="Cancel")
    cancel.wait_for()
    go_to(page, "Methods")
    go_to(page, "Forecasters")
    page.get_by_text("first look").wait_for(state="detached", timeout=180_000)
    settle(page)
    assert faults(page) == {}
    command = page.get_by_test_id("stCode").inner_text()
    assert shlex.split(command)[:4] == ["blportfolio", "forecast", "compare", "industries_12"]
    found = {}
    for label in ("Figures (CSV)", "Contest (JSON)"):
        with page.expect_download() as taken:
            page.get_by_role("button", name=label).click()
        path = tmp_path / taken.value.suggested_filename
        taken.value.save_as(path)
        assert path.name.startswith("contest-industries_12-")
        found[path.suffix] = path.read_text(encoding="utf-8")
    records = json.loads(found[".json"])["records"]
    rows = list(csv.DictReader(found[".csv"].splitlines()))
    assert [row["forecaster"] for row in rows] == [record["forecaster"] for record in records]
    page.get_by_role("tab", name="Forecast against truth").click()
    settle(page)
    assert faults(page) == {}
    assert page.locator(CHART).first.get_attribute("aria-label").startswith("In this window")


@pytest.mark.slow
def test_the_demonstration_answers_to_its_controls(visit):
    page = visit("forecasters", forecast_tab=DEMO)
    chart = page.locator(CHART).first
    before = chart.get_attribute("aria-label")
    page.get_by_role("slider", name="γ, weight of the last value").focus()
    page.keyboard.press("ArrowRight")
    page.get_by_role("button", name="Run quickly").click()
    page.wait_for_function(
        f"(old) => document.querySelector('{CHART}')?.getAttribute('aria-label') !== old",
        arg=before,
    )
    settle(page)
    assert faults(page) == {}
    assert page.get_by_text("holds here").count() >= 1
